// @ts-check
import { openDB } from '../vendor/idb-8.0.4.js';

/** @typedef {import('../vendor/idb-8.0.4.js').IDBPDatabase<any>} Database */

const NAME = 'zollstock';
const VERSION = 2;

/** @type {Promise<Database> | null} */
let connection = null;
let blocked = false;
/** @type {Set<{ abort(): void }>} */
const running = new Set();
let shown = Promise.resolve();
let wake = () => {};

// WebKit puts a page aside for the back button together with its transactions, and the next page waits for them for
// ever. So such a page lets go of everything, and takes it up again when it is shown.
globalThis.addEventListener('pagehide', (event) => {
  if (!(/** @type {any} */ (event).persisted)) return;
  shown = new Promise((resolve) => {
    wake = () => resolve(undefined);
  });
  running.forEach(abort);
  if (connection) void disconnect(connection).catch(() => {});
});
globalThis.addEventListener('pageshow', () => wake());

/** Resolves at once, except in a page that is put aside. */
export function whileShown() {
  return shown;
}

/** @param {{ abort(): void, done: Promise<void> }} tx */
export function track(tx) {
  running.add(tx);
  const over = () => running.delete(tx);
  tx.done.then(over, over);
}

/** @param {{ abort(): void }} tx */
export function abort(tx) {
  try {
    tx.abort();
  } catch {
    // already finished: there is nothing left to undo
  }
}

/** @returns {Promise<Database>} */
export function connect() {
  if (connection) return connection;
  /** @type {Promise<Database>} */
  const opening = open(() => void disconnect(opening), () => forget(opening));
  connection = opening;
  opening.catch(() => forget(opening));
  return opening;
}

/** @param {() => void} blocking @param {() => void} terminated @returns {Promise<Database>} */
async function open(blocking, terminated) {
  const callbacks = { upgrade, blocked: () => standInLine(true), blocking, terminated };
  try {
    const opened = await openDB(NAME, VERSION, callbacks);
    standInLine(false);
    return opened;
  } catch (error) {
    // A newer version was here and was taken back: its steps only added, so its rows are ours as well.
    if (error instanceof Error && error.name === 'VersionError') return openDB(NAME, undefined, callbacks);
    throw error;
  }
}

/**
 * Steps only ever add: an older window may still be open.
 * @param {Database} db @param {number} from @param {number | null} _ @param {any} tx
 */
function upgrade(db, from, _, tx) {
  if (from < 1) {
    const items = db.createObjectStore('items', { keyPath: 'id' });
    items.createIndex('owner', ['owner', 'id']);
    items.createIndex('state', ['owner', 'state']);
    for (const name of ['bytes', 'thumbs', 'readmodel', 'meta']) db.createObjectStore(name);
    db.createObjectStore('log', { autoIncrement: true });
  }
  if (from < 2) tx.objectStore('items').createIndex('acked', ['owner', 'acked_ms']);
}

/** @param {boolean} whether */
function standInLine(whether) {
  if (blocked === whether) return;
  blocked = whether;
  shout(blocked ? 'blocked' : 'freed');
}

/** Whether an older window, which does not let go of the database, keeps us from it. */
export function isBlocked() {
  return blocked;
}

/** @param {Promise<Database>} opening */
function forget(opening) {
  if (connection === opening) connection = null;
}

/** @param {Promise<Database>} opening */
export async function disconnect(opening) {
  forget(opening);
  (await opening).close();
}

/** @param {'blocked' | 'freed' | 'lost' | 'wiped'} trouble */
export function shout(trouble) {
  globalThis.dispatchEvent(new CustomEvent('storage-trouble', { detail: trouble }));
}
