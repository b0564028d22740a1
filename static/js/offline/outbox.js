// @ts-check
import { oldestMade } from './alarm.js';
import { tell } from './changes.js';
import { ifRoom, read, write } from './db.js';
import { noteWithdrawn } from './withdrawn.js';

export { onChange } from './changes.js';
export { enqueue, NotKept, whyNotKept } from './keep.js';

/** @typedef {import('./db.js').Item} Item */
/** @typedef {import('./db.js').State} State */

/** States that still owe the server something; everything else has a checked receipt. */
export const UNSENT = /** @type {const} */ (['saving', 'queued', 'sending', 'paused-login', 'needs-attention', 'lost-bytes']);
const WAITING = /** @type {const} */ (['queued', 'paused-login', 'needs-attention']);
const PROBLEMS = new Set(['needs-attention', 'lost-bytes']);

/** All items of one owner, oldest first. @param {string} owner @returns {Promise<Item[]>} */
export function itemsOf(owner) {
  return read(['items'], (tx) => tx.objectStore('items').index('owner').getAll(IDBKeyRange.bound([owner, ''], [owner, '~'])));
}

/**
 * Items of one owner in some states, oldest first.
 * @param {string} owner @param {readonly State[]} states
 * @returns {Promise<Item[]>}
 */
export async function inStates(owner, states) {
  const found = await read(['items'], (tx) => {
    const index = tx.objectStore('items').index('state');
    return Promise.all(states.map((state) => index.getAll([owner, state])));
  });
  return found.flat().sort((/** @type {Item} */ a, /** @type {Item} */ b) => (a.id < b.id ? -1 : 1));
}

/** Whether anything was ever kept here, whoever it belongs to, or was removed and the office is still to hear so. */
export function anything() {
  return read(['items', 'meta'], async (tx) => (
    (await tx.objectStore('items').count()) > 0 || Boolean(await tx.objectStore('meta').get('withdrawn'))
  ));
}

/** Ids of one owner's items in a state: cheap, for asking often. @param {string} owner @param {State} state @returns {Promise<string[]>} */
export function idsIn(owner, state) {
  return read(['items'], (tx) => tx.objectStore('items').index('state').getAllKeys([owner, state]));
}

/** @param {string} owner */
export function unsent(owner) {
  return inStates(owner, UNSENT);
}

/**
 * @typedef {{ waiting: number, sending: number, problems: number, login: boolean, oldest_ms: number | null }} Counts
 *   oldest_ms: when the oldest unsent thing was made
 */

/**
 * What the state line says, counted from rows that exist; a photo whose bytes are gone is a problem, not a number.
 * It is asked at every page and every slice, so only rows without bytes are opened.
 * @param {string} owner
 * @returns {Promise<Counts>}
 */
export async function counts(owner) {
  const { ids, bare, oldest } = await read(['items', 'bytes'], async (tx) => {
    const items = tx.objectStore('items');
    const [held, ...keys] = await Promise.all([tx.objectStore('bytes').getAllKeys(), ...UNSENT.map((state) => items.index('state').getAllKeys([owner, state]))]);
    const all = keys.flat().sort();
    const there = new Set(held);
    const rows = await Promise.all(all.filter((id, at) => at === 0 || !there.has(id)).map((id) => items.get(id)));
    return { ids: new Map(UNSENT.map((state, at) => [state, keys[at]])), bare: rows.filter((row) => !there.has(row.id)), oldest: rows[0] };
  });
  const many = (/** @type {typeof UNSENT[number]} */ state) => ids.get(state)?.length ?? 0;
  const lost = bare.filter((/** @type {Item} */ row) => row.size > 0 && !PROBLEMS.has(row.state)).length;
  return {
    waiting: UNSENT.reduce((sum, state) => sum + many(state), 0),
    sending: many('sending'),
    problems: many('needs-attention') + many('lost-bytes') + lost,
    login: many('paused-login') > 0,
    oldest_ms: oldest && oldest.made_ms > Date.now() ? oldestMade(await unsent(owner)) : oldest?.made_ms ?? null,
  };
}

/** @returns {Promise<Set<string>>} ids whose bytes lie on this phone */
export async function heldBytes() {
  return new Set(await read(['bytes'], (tx) => tx.objectStore('bytes').getAllKeys()));
}

/** @param {string} id @returns {Promise<Item | undefined>} */
export function rowOf(id) {
  return read(['items'], (tx) => tx.objectStore('items').get(id));
}

/** @param {string} id @returns {Promise<ArrayBuffer | undefined>} */
export function bytesOf(id) {
  return read(['bytes'], (tx) => tx.objectStore('bytes').get(id));
}

/** @param {string} id @returns {Promise<ArrayBuffer | undefined>} */
export function thumbOf(id) {
  return read(['thumbs'], (tx) => tx.objectStore('thumbs').get(id));
}

/**
 * Changes one row, never its body or its bytes. Gone rows stay gone. What a power cut takes back, the next `have` says
 * again; so a full disk that takes no row stops nobody from sending.
 * @param {string} id @param {Partial<Omit<Item, 'id' | 'owner' | 'body'>>} patch
 * @returns {Promise<Item | null>} the row as it is now, null if it is gone or the disk is full
 */
export async function change(id, patch) {
  const row = await ifRoom(write(['items'], async (tx) => {
    const items = tx.objectStore('items');
    const now = await items.get(id);
    if (!now) return null;
    await items.put({ ...now, ...patch });
    return { ...now, ...patch };
  }, { relaxed: true }));
  tell(id);
  return row;
}

/**
 * Moves every row of one owner, or some of them, from some states to another.
 * @param {string} owner @param {readonly State[]} from @param {State} to
 * @param {Partial<Item>} [patch] @param {string[]} [ids]
 */
export async function moveAll(owner, from, to, patch = {}, ids) {
  const rows = (await inStates(owner, from)).filter((row) => !ids || ids.includes(row.id));
  if (rows.length === 0) return;
  await ifRoom(write(['items'], async (tx) => {
    const items = tx.objectStore('items');
    for (const row of rows) {
      const now = await items.get(row.id);
      if (now && from.includes(now.state)) await items.put({ ...now, ...patch, state: to });
    }
  }, { relaxed: true }));
  tell(null);
}

/** Lets everything of one owner, or some items, be tried again now. @param {string} owner @param {string[]} [ids] */
export function retry(owner, ids) {
  const patch = { attempts: 0, restarts: 0, next_try: 0, error: null };
  return moveAll(owner, WAITING, 'queued', patch, ids);
}

/**
 * Throws one unsent item away, because its owner said so and for no other reason.
 * @param {string} owner @param {string} id
 */
export async function remove(owner, id) {
  await write(['items', 'bytes', 'thumbs', 'meta'], async (tx) => {
    const row = await tx.objectStore('items').get(id);
    if (!row || row.owner !== owner || !UNSENT.includes(row.state)) return;
    if (row.announced && row.size > 0) await noteWithdrawn(tx, { owner, id });
    for (const store of ['items', 'bytes', 'thumbs']) await tx.objectStore(store).delete(id);
  });
  tell(id);
}
