// @ts-check
import { changeMeta, getMeta } from './db.js';

const OFFERED_MS = 24 * 3_600_000;
const KEPT_AT_MOST = 5;
const ABOUT = /** @type {const} */ (['owner', 'name', 'job', 'contact', 'question']);

/** @typedef {{ owner: string, name: string, job: string, contact: string, question: string, at_ms: number }} Called whom somebody dialled on this phone and has not written a note about */

/** A call to somebody else leaves those before it waiting; the same one again is one call. @param {Called} called */
export function keepCalled(called) {
  return changeMeta('called', (kept) => [...waiting(kept).filter((one) => !sameCall(one, called)), called].slice(-KEPT_AT_MOST));
}

/** The calls of this person that still wait for their notes, the latest first; after a day nobody remembers. @param {string} owner @returns {Promise<Called[]>} */
export async function callsOf(owner) {
  return waiting(await getMeta('called')).filter((one) => one.owner === owner).reverse();
}

/** Nobody wants a note about them any more. @param {(called: Called) => boolean} which */
export function forgetCalled(which) {
  return changeMeta('called', (kept) => {
    const left = waiting(kept).filter((one) => !which(one));
    return left.length > 0 ? left : undefined;
  });
}

/** What the address of a call's note ends with. @param {number} at_ms */
export function noteOf(at_ms) {
  return `call-${at_ms}`;
}

/**
 * Whose note was written: the call whose offer led to it, else what was dialled about the same.
 * @param {string} hash of the form's address @param {{ job: string, contact: string }} about
 */
export function noted(hash, { job, contact }) {
  if (hash.startsWith('#call-')) return forgetCalled((one) => hash === `#${noteOf(one.at_ms)}`);
  return forgetCalled((one) => (contact ? one.contact === contact : !one.contact && one.job === job));
}

/** @param {unknown} kept @returns {Called[]} in the order of the calls */
function waiting(kept) {
  // Phones of before kept one call only.
  const all = /** @type {Called[]} */ (Array.isArray(kept) ? kept : [kept].filter(Boolean));
  return all.filter(({ at_ms }) => Math.abs(Date.now() - at_ms) < OFFERED_MS);
}

/** @param {Called} one @param {Called} other */
function sameCall(one, other) {
  return ABOUT.every((name) => one[name] === other[name]);
}
