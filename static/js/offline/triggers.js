// @ts-check
import { anything, counts } from './outbox.js';
import { refresh } from './readmodel.js';
import { activeSession } from './session.js';

const EVERY_MS = 30_000;

/**
 * Loads the sender only if there is something to send or to confirm: a first visit has nothing.
 * @param {{ forced?: boolean }} [options] as of upload.js:drain
 */
async function drain(options) {
  if (!(await anything())) return 'idle';
  const { drain: send } = await import('./upload.js');
  return send(options);
}

/** Sends soon after something was kept; the browser may also finish it later by itself (Chromium). */
export async function sendSoon() {
  void askForBackgroundSync();
  return drain();
}

/** Sends now because somebody asked: waiting times do not count. */
export function sendNow() {
  return drain({ forced: true });
}

/** Tries whenever there is reason to hope, and rests when hidden or empty (offline-pwa.md §4.8). */
export function keepSending() {
  addEventListener('online', () => void catchUp(true));
  addEventListener('pageshow', () => void catchUp(false));
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void catchUp(false);
  });
  setInterval(() => void tick(), EVERY_MS);
  void catchUp(false);
}

/** @param {boolean} forced */
async function catchUp(forced) {
  await drain({ forced });
  await refresh();
}

async function tick() {
  if (document.visibilityState !== 'visible') return;
  const session = await activeSession();
  if (session && (await counts(session.actor)).waiting > 0) await drain();
}

async function askForBackgroundSync() {
  try {
    const registration = /** @type {any} */ (await navigator.serviceWorker?.ready);
    await registration?.sync?.register('outbox');
  } catch {
    // a bonus only: nothing waits for it
  }
}
