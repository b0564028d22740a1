// @ts-check
import { read } from './db.js';
import { filedOn, jobOf } from './filings.js';
import { UNSENT } from './outbox.js';

/** @typedef {import('./db.js').Item} Item */
/**
 * What one person has on this phone: what is unsent, oldest first, with the job it was sorted to here; what arrived at
 * the office since yesterday; and whose bytes lie here.
 * @typedef {{ unsent: Item[], arrived: Item[], held: Set<string> }} Overview
 */

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * All of it as of one moment; the rows of years stay unread.
 * @param {string} owner @param {number} [now] ms
 * @returns {Promise<Overview>}
 */
export async function overview(owner, now = Date.now()) {
  const [waiting, arrived, ids] = await read(['items', 'bytes'], (tx) => {
    const items = tx.objectStore('items');
    return Promise.all([
      Promise.all(UNSENT.map((state) => items.index('state').getAll([owner, state]))),
      items.index('acked').getAll(IDBKeyRange.bound([owner, now - DAY_MS], [owner, Infinity])),
      tx.objectStore('bytes').getAllKeys(),
    ]);
  });
  const unsent = waiting.flat().sort((/** @type {Item} */ a, /** @type {Item} */ b) => (a.id < b.id ? -1 : 1));
  const filed = filedOn([...arrived, ...unsent]);
  const sorted = filed.size > 0 ? unsent.map((/** @type {Item} */ row) => ({ ...row, job: jobOf(row, filed) })) : unsent;
  return { unsent: sorted, arrived, held: new Set(ids) };
}

/** Whether this needs its owner: it was parked, or its bytes are gone. @param {Item} item @param {Set<string>} held */
export function needsHelp(item, held) {
  return item.state === 'needs-attention' || isGhost(item, held);
}

/** Whether only the memory of it is left. @param {Item} item @param {Set<string>} held */
export function isGhost(item, held) {
  return item.state === 'lost-bytes' || (item.size > 0 && !held.has(item.id));
}
