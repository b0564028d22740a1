// @ts-check
import { abort, connect, disconnect, shout, track, whileShown } from './connection.js';

/** @typedef {import('./item.js').Item} Item */
/** @typedef {import('./item.js').Kind} Kind */
/** @typedef {import('./item.js').State} State */
/** @typedef {import('./item.js').Store} Store */
/** @typedef {import('./connection.js').Database} Database */

const TIMEOUT_MS = 10_000;
const PROBE_MS = 3_000;
/**
 * iOS closes the connection behind our back, or never answers; one fresh one is worth a try (enketo#1576,
 * localForage#1113).
 */
const LOST_CONNECTION = new Set(['InvalidStateError', 'UnknownError', 'AbortError', 'TimeoutError']);

/** Makes room on a full disk, one step further at each call; false when nothing more may go. @type {(step: number) => Promise<boolean>} */
let makeRoom = async () => false;

/** @param {typeof makeRoom} steps */
export function whenFull(steps) {
  makeRoom = steps;
}

/**
 * @typedef {object} Options
 * @property {number} [size] bytes to be written: many need more time
 * @property {boolean} [relaxed] may be lost with the power, because the server knows it too
 * @property {boolean} [asIs] no room is made on a full disk
 */

/**
 * Reads within one transaction.
 * @template T @param {Store[]} stores @param {(tx: any) => Promise<T>} work must await nothing but the database
 * @returns {Promise<T>}
 */
export function read(stores, work) {
  return reconnecting(stores, 'readonly', work, {});
}

/**
 * Writes all or nothing; resolves when the bytes are on the disk, not when the request was taken.
 * @template T @param {Store[]} stores @param {(tx: any) => Promise<T>} work must await nothing but the database;
 *   may run again, so it changes nothing but the database
 * @param {Options} [options]
 * @returns {Promise<T>}
 */
export async function write(stores, work, options = {}) {
  for (let step = 0; ; step += 1) {
    try {
      return await reconnecting(stores, 'readwrite', work, options);
    } catch (error) {
      if (options.asIs || !isFull(error) || !(await makeRoom(step))) throw error;
    }
  }
}

/** Only a failed write tells that the disk is full: estimates lie (offline-pwa.md §2). @param {unknown} error */
export function isFull(error) {
  return error instanceof Error && error.name === 'QuotaExceededError';
}

/**
 * @template T @param {Store[]} stores @param {'readonly' | 'readwrite'} mode @param {(tx: any) => Promise<T>} work
 * @param {Options} options
 */
async function reconnecting(stores, mode, work, options) {
  await whileShown();
  const used = connect();
  try {
    return await within(limitOf(options), transact(used, stores, mode, work, options));
  } catch (error) {
    if (!(error instanceof Error) || !LOST_CONNECTION.has(error.name)) throw error;
    void disconnect(used).catch(() => {});
    await whileShown();
    return within(limitOf(options), transact(connect(), stores, mode, work, options)).catch((second) => {
      if (!isFull(second)) shout('lost');
      throw second;
    });
  }
}

/** @param {Options} options */
function limitOf({ size = 0 }) {
  return TIMEOUT_MS + size / 2_000;
}

/**
 * @template T @param {Promise<Database>} opening @param {Store[]} stores @param {'readonly' | 'readwrite'} mode
 * @param {(tx: any) => Promise<T>} work @param {Options} options
 */
async function transact(opening, stores, mode, work, options = {}) {
  const db = await opening;
  const durability = options.relaxed ? 'relaxed' : 'strict';
  const tx = db.transaction(stores, mode, mode === 'readwrite' ? { durability } : undefined);
  track(tx);
  const done = tx.done;
  // Chromium says nothing more of single requests when a full disk ends a transaction after `commit()`.
  const ended = new Promise((_, reject) => void done.catch(reject));
  try {
    const result = await Promise.race([work(tx), ended]);
    await done;
    return result;
  } catch (error) {
    abort(tx);
    throw tx.error ?? error;
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
    await within(PROBE_MS, transact(connect(), ['meta'], 'readwrite', (tx) => tx.objectStore('meta').put(new ArrayBuffer(1), 'probe')));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} key */
export function getMeta(key) {
  return read(['meta'], (tx) => tx.objectStore('meta').get(key));
}

/** @param {string} key @param {unknown} value undefined removes the row @param {Options} [options] */
export function setMeta(key, value, options) {
  return write(['meta'], (tx) => (
    value === undefined ? tx.objectStore('meta').delete(key) : tx.objectStore('meta').put(value, key)
  ), options);
}

/**
 * Changes a row by what stands there at that moment; another window's change is never written over.
 * @param {string} key @param {(now: any) => unknown} change undefined removes the row @param {Options} [options]
 */
export function changeMeta(key, change, options) {
  return write(['meta'], async (tx) => {
    const meta = tx.objectStore('meta');
    const next = change(await meta.get(key));
    await (next === undefined ? meta.delete(key) : meta.put(next, key));
  }, options);
}

/**
 * Writes what only saves work: on a full disk it is left out, for sending must go on there more than anywhere.
 * @template T @param {Promise<T>} writing @returns {Promise<T | null>} null if it was left out
 */
export function ifRoom(writing) {
  return writing.catch((error) => {
    if (!isFull(error)) throw error;
    console.warn(error);
    return null;
  });
}
