// @ts-check
import { getMeta, setMeta } from './db.js';

const OFFERED_MS = 24 * 3_600_000;

/** @typedef {{ owner: string, name: string, job: string, contact: string, question: string, at_ms: number }} Called whom somebody dialled on this phone and has not written a note about */

/** @param {Called} called */
export function keepCalled(called) {
  return setMeta('called', called);
}

/** The call of this person that still waits for its note; after a day nobody remembers. @param {string} owner @returns {Promise<Called | null>} */
export async function lastCalled(owner) {
  const called = /** @type {Called | null} */ (await getMeta('called'));
  return called && called.owner === owner && Math.abs(Date.now() - called.at_ms) < OFFERED_MS ? called : null;
}

/** The note is written, or nobody wants to write one. */
export function forgetCalled() {
  return setMeta('called', undefined);
}
