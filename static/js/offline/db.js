// @ts-check
import { openDB } from '../vendor/idb-8.0.4.js';

/**
 * One thing made on this phone and owed to the server.
 * @typedef {object} Item
 * @property {string} id UUIDv7, made here
 * @property {string} owner id of the user who made it; nobody else ever sends it
 * @property {'photo' | 'note' | 'question' | 'job' | 'call'} kind
 * @property {string | null} job
 * @property {string} captured_at local time with offset
 * @property {number} made_ms Date.now() at birth, for ages and purging only
 * @property {Record<string, unknown>} body what PUT /sync/items/{id} carries; never changes after birth
 * @property {State} state
 * @property {string | null} sha256 of the bytes as stored, hex
 * @property {number} size bytes, 0 for an item without a file
 * @property {string | null} mime
 * @property {boolean} announced the server has the description (and the thumb)
 * @property {number} offset bytes the server has
 * @property {number} attempts failed tries in a row
 * @property {number} restarts uploads thrown away by the server because the hash differed
 * @property {number} next_try ms; not before
 * @property {string | null} error code of the last failure, words in lib/reasons.js
 * @property {number | null} acked_ms when the receipt was checked
 * @property {string | null} acked_sha256 the hash the receipt named
 * @property {number | null} rev
 */

/** @typedef {'queued' | 'sending' | 'stored' | 'linked' | 'purgeable' | 'paused-login' | 'needs-attention' | 'lost-bytes'} State */

/**
 * @typedef {object} Tables
 * @property {{ key: string, value: Item, indexes: { owner: [string, string], state: [string, string] } }} items
 * @property {{ key: string, value: ArrayBuffer }} bytes write-once
 * @property {{ key: string, value: ArrayBuffer }} thumbs
 * @property {{ key: string, value: any }} readmodel
 * @property {{ key: number, value: { at: string, event: string, id: string | null, detail: string } }} log
 * @property {{ key: string, value: any }} meta
 */

/** @typedef {'items' | 'bytes' | 'thumbs' | 'readmodel' | 'log' | 'meta'} Store */
/** @typedef {import('../vendor/idb-8.0.4.js').IDBPDatabase<any>} Database */

const NAME = 'zollstock';
const VERSION = 1;
const TIMEOUT_MS = 10_000;
const PROBE_MS = 3_000;
/** iOS closes the connection behind our back; one fresh one is worth a try (enketo#1576, localForage#1113). */
const LOST_CONNECTION = new Set(['InvalidStateError', 'UnknownError', 'AbortError']);

/** @type {Promise<Database> | null} */
let connection = null;

/** @returns {Promise<Database>} */
function connect() {
  if (connection) return connection;
  /** @type {Promise<Database>} */
  const opening = openDB(NAME, VERSION, {
    upgrade,
    blocked: () => shout('blocked'),
    blocking: () => void disconnect(opening),
    terminated: () => forget(opening),
  });
  connection = opening;
  opening.catch(() => forget(opening));
  return opening;
}

/** Steps only ever add: an older window may still be open. @param {Database} db @param {number} from */
function upgrade(db, from) {
  if (from < 1) {
    const items = db.createObjectStore('items', { keyPath: 'id' });
    items.createIndex('owner', ['owner', 'id']);
    items.createIndex('state', ['owner', 'state']);
    for (const name of ['bytes', 'thumbs', 'readmodel', 'meta']) db.createObjectStore(name);
    db.createObjectStore('log', { autoIncrement: true });
  }
}

/** @param {Promise<Database>} opening */
function forget(opening) {
  if (connection === opening) connection = null;
}

/** @param {Promise<Database>} opening */
async function disconnect(opening) {
  forget(opening);
  (await opening).close();
}

/** @param {'blocked' | 'lost'} trouble */
function shout(trouble) {
  globalThis.dispatchEvent(new CustomEvent('storage-trouble', { detail: trouble }));
}

/**
 * Reads within one transaction.
 * @template T @param {Store[]} stores @param {(tx: any) => Promise<T>} work must await nothing but the database
 * @returns {Promise<T>}
 */
export function read(stores, work) {
  return guarded(stores, 'readonly', work);
}

/**
 * Writes all or nothing; resolves when the bytes are on the disk, not when the request was taken.
 * @template T @param {Store[]} stores @param {(tx: any) => Promise<T>} work must await nothing but the database
 * @returns {Promise<T>}
 */
export function write(stores, work) {
  return guarded(stores, 'readwrite', work);
}

/** @template T @param {Store[]} stores @param {'readonly' | 'readwrite'} mode @param {(tx: any) => Promise<T>} work */
async function guarded(stores, mode, work) {
  try {
    return await within(TIMEOUT_MS, transact(stores, mode, work));
  } catch (error) {
    if (!(error instanceof Error) || !LOST_CONNECTION.has(error.name)) throw error;
    connection = null;
    return within(TIMEOUT_MS, transact(stores, mode, work)).catch((second) => {
      shout('lost');
      throw second;
    });
  }
}

/** @template T @param {Store[]} stores @param {'readonly' | 'readwrite'} mode @param {(tx: any) => Promise<T>} work */
async function transact(stores, mode, work) {
  const db = await connect();
  const tx = db.transaction(stores, mode, mode === 'readwrite' ? { durability: 'strict' } : undefined);
  const done = tx.done;
  done.catch(() => {});
  try {
    const result = await work(tx);
    await done;
    return result;
  } catch (error) {
    abort(tx);
    throw tx.error ?? error;
  }
}

/** @param {{ abort(): void }} tx */
function abort(tx) {
  try {
    tx.abort();
  } catch {
    // already finished: there is nothing left to undo
  }
}

/** @template T @param {number} ms @param {Promise<T>} promise @returns {Promise<T>} */
function within(ms, promise) {
  let timer = 0;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new DOMException('storage does not answer', 'TimeoutError')), ms);
  });
  return /** @type {Promise<T>} */ (Promise.race([promise, late]).finally(() => clearTimeout(timer)));
}

/** Whether this browser keeps what it is given; a private window may refuse or never answer (WebKit bug 156347). */
export async function canKeep() {
  try {
    await within(PROBE_MS, transact(['meta'], 'readwrite', (tx) => tx.objectStore('meta').put(new ArrayBuffer(1), 'probe')));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} key */
export function getMeta(key) {
  return read(['meta'], (tx) => tx.objectStore('meta').get(key));
}

/** @param {string} key @param {unknown} value undefined removes the row */
export function setMeta(key, value) {
  return write(['meta'], (tx) => (
    value === undefined ? tx.objectStore('meta').delete(key) : tx.objectStore('meta').put(value, key)
  ));
}
