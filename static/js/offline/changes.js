// @ts-check
const CHANNEL = 'outbox';

/** Where a browser has no channel between windows, a window hears at least itself. */
const here = new EventTarget();
const sender = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL);

/**
 * Calls back after every change, whichever page or worker made it.
 * @param {(id: string | null) => void} listener null means several
 * @returns {() => void} stops listening
 */
export function onChange(listener) {
  if (!sender) return onChangeHere(listener);
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event) => listener(event.data);
  return () => channel.close();
}

/** @param {(id: string | null) => void} listener */
function onChangeHere(listener) {
  const heard = (/** @type {Event} */ event) => listener(/** @type {CustomEvent} */ (event).detail);
  here.addEventListener(CHANNEL, heard);
  return () => here.removeEventListener(CHANNEL, heard);
}

/** @param {string | null} id null means several */
export function tell(id) {
  if (sender) sender.postMessage(id);
  else here.dispatchEvent(new CustomEvent(CHANNEL, { detail: id }));
}
