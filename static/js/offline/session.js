// @ts-check
import { getMeta, read, write } from './db.js';
import { newId } from '../lib/ids.js';

/**
 * Who uses this phone. The cache key is new at each sign-in, so nothing cached outlives it.
 * @typedef {object} Session
 * @property {string | null} actor user id; null until a page named it
 * @property {string} cacheKey
 * @property {string} role
 * @property {boolean} position whether the company switched positions on
 * @property {boolean} locked signed out on this phone; nothing is read or sent until the next sign-in
 */

const CACHE_PREFIXES = ['pages-', 'thumbs-'];

/** What has to happen before anybody may ask who is signed in: a fresh page first says whose it is. */
let settled = Promise.resolve();

/** @param {Promise<void>} work */
export function settleFirst(work) {
  settled = work.catch(() => {});
}

/** @returns {Promise<Session | undefined>} */
export async function currentSession() {
  await settled;
  return getMeta('session');
}

/** The signed-in session, or null: a locked one shows and sends nothing. */
export async function activeSession() {
  const session = await currentSession();
  return session && session.actor && !session.locked ? /** @type {Session & { actor: string }} */ (session) : null;
}

/**
 * Reads what the person signed in here may see, in the same transaction as who that is: one way to the disk, not three.
 * @template T @param {import('./db.js').Store[]} stores
 * @param {(tx: any, session: Session & { actor: string }) => Promise<T>} work must await nothing but the database
 * @returns {Promise<T | null>} null when nobody is signed in
 */
export async function readSignedIn(stores, work) {
  await settled;
  return read(['meta', ...stores], async (tx) => {
    const session = await tx.objectStore('meta').get('session');
    return session && session.actor && !session.locked ? work(tx, session) : null;
  });
}

/**
 * Takes over a sign-in; another key wipes what the last one could read before anything new is kept.
 * @param {Session} session @param {Session} [known] what lies here, where it has been read just now
 */
export async function adopt(session, known) {
  const last = known ?? (await getMeta('session'));
  // Most pages bring what is known: no disk has to turn for that.
  if (JSON.stringify(last) === JSON.stringify(session)) return;
  if (last?.cacheKey !== session.cacheKey) await wipe(session.cacheKey);
  await write(['meta'], async (tx) => {
    const meta = tx.objectStore('meta');
    const now = await meta.get('session');
    // The worker knows only the key; it must not undo what the page of the same key has said meanwhile.
    if (session.actor || now?.cacheKey !== session.cacheKey) await meta.put(session, 'session');
  });
}

/**
 * Whether the office wants this phone sent home empty: everything is sent now, whatever it costs, and nothing that
 * can be read is kept any more.
 */
export async function isLeaving() {
  return (await getMeta('order')) === 'send_then_wipe';
}

/** Signs out on this phone at once, network or not; unsent items stay and wait for their owner. */
export async function lock() {
  const session = await getMeta('session');
  if (!session || session.locked) return;
  await write(['meta'], (tx) => tx.objectStore('meta').put({ ...session, locked: true }, 'session'));
  await wipe(null);
}

/** @param {string | null} keep the cache key that may stay */
async function wipe(keep) {
  const allowed = CACHE_PREFIXES.map((prefix) => prefix + keep);
  for (const name of await caches.keys()) {
    const personal = CACHE_PREFIXES.some((prefix) => name.startsWith(prefix));
    if (personal && !allowed.includes(name)) await caches.delete(name);
  }
  // The job last chosen is named there; and the office is to hear at once what waits here now, and whose.
  await write(['readmodel', 'meta'], async (tx) => {
    const meta = tx.objectStore('meta');
    // Page and worker both take over a sign-in: what the first has brought since stays.
    if (keep && (await meta.get('session'))?.cacheKey === keep) return;
    await Promise.all([tx.objectStore('readmodel').clear(), ...['last-job', 'reported_ms'].map((key) => meta.delete(key))]);
  });
}

/** The name of this phone towards the server, made once. @returns {Promise<string>} */
export async function deviceId() {
  const known = await getMeta('device');
  if (known) return known;
  const fresh = newId();
  return write(['meta'], async (tx) => {
    const meta = tx.objectStore('meta');
    const meanwhile = await meta.get('device');
    if (!meanwhile) await meta.put(fresh, 'device');
    return meanwhile ?? fresh;
  });
}
