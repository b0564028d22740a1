// @ts-check
import { filedOn, jobOf } from './filings.js';
import { UNSENT } from './outbox.js';
import { readSignedIn } from './session.js';

/** @typedef {import('./db.js').Item} Item */
/**
 * What one person has on this phone: what is unsent, oldest first, with the job it was sorted to here; what arrived at
 * the office since yesterday; whose bytes lie here; the jobs the office named; what holds up all sending.
 * @typedef {{ owner: string, unsent: Item[], arrived: Item[], held: Set<string>, jobs: import('./readmodel.js').Job[], hold: { reason: string } | undefined }} Overview
 */

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * All of it as of one moment and with one transaction; pictures and the rows of years stay unread.
 * @param {number} [now] ms
 * @returns {Promise<Overview | null>} null when nobody is signed in
 */
export function overview(now = Date.now()) {
  return readSignedIn(['items', 'bytes', 'readmodel'], async (tx, { actor: owner, cacheKey }) => {
    const items = tx.objectStore('items');
    const [waiting, arrived, ids, kept, hold] = await Promise.all([
      Promise.all(UNSENT.map((state) => items.index('state').getAll([owner, state]))),
      items.index('acked').getAll(IDBKeyRange.bound([owner, now - DAY_MS], [owner, Infinity])),
      tx.objectStore('bytes').getAllKeys(),
      tx.objectStore('readmodel').get(cacheKey),
      tx.objectStore('meta').get('hold'),
    ]);
    const unsent = waiting.flat().sort((/** @type {Item} */ a, /** @type {Item} */ b) => (a.id < b.id ? -1 : 1));
    return { owner, unsent: sorted(unsent, arrived), arrived, held: new Set(ids), jobs: kept?.model.jobs ?? [], hold };
  });
}

/** @param {Item[]} unsent @param {Item[]} arrived */
function sorted(unsent, arrived) {
  const filed = filedOn([...arrived, ...unsent]);
  return filed.size > 0 ? unsent.map((row) => ({ ...row, job: jobOf(row, filed) })) : unsent;
}

/** Whether this needs its owner: it was parked, or its bytes are gone. @param {Item} item @param {Set<string>} held */
export function needsHelp(item, held) {
  return item.state === 'needs-attention' || isGhost(item, held);
}

/** Whether only the memory of it is left. @param {Item} item @param {Set<string>} held */
export function isGhost(item, held) {
  return item.state === 'lost-bytes' || (item.size > 0 && !held.has(item.id));
}
