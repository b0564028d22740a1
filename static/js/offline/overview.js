// @ts-check
import { read } from './db.js';
import { filedOn, jobOf } from './filings.js';
import { UNSENT } from './outbox.js';

/** @typedef {import('./db.js').Item} Item */
/**
 * What one person has on this phone: what is unsent, oldest first, with the job it was sorted to here; what was made since yesterday, wherever it is now;
 * and whose bytes lie here.
 * @typedef {{ unsent: Item[], recent: Item[], held: Set<string> }} Overview
 */

const RECENT_MS = 24 * 60 * 60 * 1000;

/**
 * All of it as of one moment. The rows of years stay unread: ids begin with their time (RFC 9562 §5.7).
 * @param {string} owner @param {number} [now] ms
 * @returns {Promise<Overview>}
 */
export async function overview(owner, now = Date.now()) {
  const yesterday = Math.max(0, now - RECENT_MS).toString(16).padStart(12, '0');
  const since = `${yesterday.slice(0, 8)}-${yesterday.slice(8)}`;
  const [waiting, recent, ids] = await read(['items', 'bytes'], (tx) => {
    const byState = tx.objectStore('items').index('state');
    return Promise.all([
      Promise.all(UNSENT.map((state) => byState.getAll([owner, state]))),
      tx.objectStore('items').index('owner').getAll(IDBKeyRange.bound([owner, since], [owner, '~'])),
      tx.objectStore('bytes').getAllKeys(),
    ]);
  });
  const unsent = new Map(waiting.flat().map((/** @type {Item} */ row) => [row.id, row]));
  const filed = filedOn([...recent, ...unsent.values()]);
  const oldestFirst = [...unsent.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map((row) => ({ ...row, job: jobOf(row, filed) }));
  return { unsent: oldestFirst, recent, held: new Set(ids) };
}

/** Whether this needs its owner: it was parked, or its bytes are gone. @param {Item} item @param {Set<string>} held */
export function needsHelp(item, held) {
  return item.state === 'needs-attention' || isGhost(item, held);
}

/** Whether only the memory of it is left. @param {Item} item @param {Set<string>} held */
export function isGhost(item, held) {
  return item.state === 'lost-bytes' || (item.size > 0 && !held.has(item.id));
}
