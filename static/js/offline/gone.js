// @ts-check
import { SIGN_IN } from './addresses.js';

const CHANNEL = 'wiped';
const sender = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL);

/** Every window leaves what it shows, this one as well. */
export function tellGone() {
  sender?.postMessage(true);
  leave();
}

/** Listens for a wipe by another window or the worker. */
export function leaveWhenGone() {
  if (sender) sender.onmessage = leave;
}

function leave() {
  const here = /** @type {any} */ (globalThis);
  if (here.document) here.location.replace(SIGN_IN);
}
