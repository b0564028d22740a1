// @ts-check
import { tell } from './changes.js';
import { read, whenFull, write } from './db.js';
import { note } from './log.js';
import { readPrefs } from './prefs.js';

/** @typedef {import('./item.js').Item} Item */
/** @typedef {import('./send.js').Known} Known */

const DAY_MS = 24 * 60 * 60 * 1000;
/** Of what the office has, so much stays at most, however young. */
const KEPT_AT_MOST = 300_000_000;

/** In this order: what can be fetched again, then copies of what the office has. Unsent bytes never. */
const STEPS = [() => dropCaches('pages-'), () => dropCaches('thumbs-'), dropConfirmed];

whenFull(async (step) => {
  await STEPS[step]?.().catch(console.error);
  return step < STEPS.length;
});

/** @param {string} prefix */
async function dropCaches(prefix) {
  const names = (await caches.keys()).filter((name) => name.startsWith(prefix));
  await Promise.all(names.map((name) => caches.delete(name)));
}

/**
 * Bytes of which a receipt and a later word of the server say they are there, whoever made them, however young.
 * Nothing is written but deletions: a full disk takes no rows.
 */
async function dropConfirmed() {
  const rows = await read(['items'], (tx) => tx.objectStore('items').getAll());
  const ids = rows.filter(isConfirmed).map((/** @type {Item} */ row) => row.id);
  await write(['bytes'], (tx) => drop(tx, ids), { asIs: true });
}

/** Lets one copy go of which both receipt and `have` spoke. @param {string} id */
export function dropCopy(id) {
  return write(['bytes'], (tx) => drop(tx, [id]), { asIs: true });
}

/** @param {any} tx @param {string[]} ids */
async function drop(tx, ids) {
  await Promise.all(ids.map((id) => tx.objectStore('bytes').delete(id)));
}

/** @param {Item} row */
function isConfirmed(row) {
  return row.state === 'linked' && row.acked_sha256 === row.sha256;
}

/**
 * Copies that may go if the server says so once more: old enough by this phone's clock, or beyond the room for copies.
 * @param {string} owner @param {number} [now] ms
 * @returns {Promise<Item[]>}
 */
export async function purgeable(owner, now = Date.now()) {
  const [linked, { keep_days }] = await Promise.all([
    read(['items'], (tx) => tx.objectStore('items').index('state').getAll([owner, 'linked'])), readPrefs()]);
  let room = KEPT_AT_MOST;
  return linked.filter(isConfirmed).reverse().filter((/** @type {Item} */ row) => {
    room -= row.size;
    return room < 0 || (row.acked_ms ?? now) + keep_days * DAY_MS <= now;
  });
}

/**
 * Gives back space, after asking once more: only the server's clock says how old a receipt is, and a server that no
 * longer has a photo (a backup played back) gets it again.
 * @param {Item[]} rows @param {{ known: Map<string, Known>, now: string | null }} word
 */
export async function purge(rows, { known, now }) {
  const gone = rows.filter((row) => known.get(row.id)?.state === 'unknown');
  const right = rows.filter((row) => isThere(row, known.get(row.id)));
  const old = new Set(await oldEnough(right, Date.parse(now ?? '')));
  await write(['items', 'bytes'], async (tx) => {
    const items = tx.objectStore('items');
    const still = async (/** @type {Item} */ row) => (await items.get(row.id))?.state === 'linked';
    for (const row of gone) if (await still(row)) await items.put(again(row));
    for (const row of old) if (await still(row)) await items.put({ ...row, state: 'purgeable' });
    await drop(tx, [...old].map((row) => row.id));
  });
  for (const row of gone) await note('gone-at-office', row.id);
  if (gone.length + old.size > 0) tell(null);
  return gone.length;
}

/** @param {Item} row @param {Known | undefined} known */
function isThere(row, known) {
  return known?.state === 'tombstone' || (known?.state === 'stored' && (row.size === 0 || known.sha256 === row.sha256));
}

/** @param {Item[]} rows newest first @param {number} now ms, of the server */
async function oldEnough(rows, now) {
  const { keep_days } = await readPrefs();
  let room = KEPT_AT_MOST;
  return rows.filter((row) => {
    room -= row.size;
    const acked = row.acked_at ? Date.parse(row.acked_at) : row.acked_ms ?? now;
    return room < 0 || acked + keep_days * DAY_MS <= now;
  });
}

/** @param {Item} row @returns {Item} */
function again(row) {
  return { ...row, state: 'queued', announced: false, offset: 0, acked_ms: null, acked_sha256: null, acked_at: null };
}
