// @ts-check
import { counts } from './outbox.js';
import { activeSession } from './session.js';

/**
 * The number at the app's icon: what is still on this phone. Only installed apps have one.
 * @param {number} waiting
 */
export async function showBadge(waiting) {
  const { setAppBadge, clearAppBadge } = navigator;
  try {
    if (waiting > 0) await setAppBadge?.call(navigator, waiting);
    else await clearAppBadge?.call(navigator);
  } catch {
    // a bonus only: the state line says the same
  }
}

/** The number as it is now, for a worker that has just sent; nobody signed in has none. */
export async function recount() {
  const session = await activeSession();
  const waiting = session ? (await counts(session.actor)).waiting : 0;
  await showBadge(waiting);
  return waiting;
}
