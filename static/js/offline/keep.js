// @ts-check
import './space.js';
import { tell } from './changes.js';
import { isFull, read, write } from './db.js';
import { note } from './log.js';
import { askToPersist } from './storage.js';
import { sha256 } from '../lib/bytes.js';
import { follow, newId } from '../lib/ids.js';

/** @typedef {import('./item.js').Item} Item */

/** Something could not be kept. Codes: empty · changed · full · storage. */
export class NotKept extends Error {
  /** @param {string} code @param {unknown} [cause] */
  constructor(code, cause) {
    super(code, { cause });
    this.code = code;
  }
}

/** @param {unknown} error @returns {string} the code that says to people why something was not kept */
export function whyNotKept(error) {
  if (error instanceof NotKept) return error.code;
  console.error(error);
  return 'storage';
}

/**
 * What is to be kept.
 * @typedef {object} Draft
 * @property {string} owner
 * @property {Item['kind']} kind
 * @property {string | null} job
 * @property {string} captured_at
 * @property {Record<string, unknown>} [fields] the fields of this kind, as in PUT /sync/items/{id}
 * @property {Blob} [file]
 * @property {ArrayBuffer | null} [thumb]
 */

/**
 * Keeps one thing: description, bytes and thumb in one transaction, then reads back what really lies on the disk.
 * Resolves when both went well.
 * @param {Draft} draft
 * @returns {Promise<Item>}
 * @throws {NotKept}
 */
export async function enqueue(draft) {
  const written = await writeDown(draft);
  const item = written.state === 'saving' ? await readBack(written) : written;
  tell(item.id);
  void askToPersist().catch(console.error);
  return item;
}

/** The original leaves memory with this function, before it is read again. @param {Draft} draft */
async function writeDown(draft) {
  const [newest, [bytes, hash]] = await Promise.all([newestId(), hashed(draft.file)]);
  follow(newest);
  const item = born(draft, bytes, hash);
  await keep(item, bytes, draft.thumb ?? null);
  return item;
}

/** @param {Blob | undefined} file @returns {Promise<[ArrayBuffer, string] | [null, null]>} */
async function hashed(file) {
  if (!file) return [null, null];
  const bytes = await readWhole(file);
  return [bytes, await sha256(bytes)];
}

/** @param {Blob} file */
async function readWhole(file) {
  const bytes = await file.arrayBuffer().catch((error) => {
    throw new NotKept('changed', error);
  });
  if (bytes.byteLength === 0) throw new NotKept('empty');
  if (bytes.byteLength !== file.size) throw new NotKept('changed');
  return bytes;
}

/** @returns {Promise<string>} the largest id stored, so that order survives a clock that went back */
async function newestId() {
  const cursor = await read(['items'], (tx) => tx.objectStore('items').openKeyCursor(null, 'prev'));
  return cursor ? String(cursor.primaryKey) : '';
}

/** @param {Draft} draft @param {ArrayBuffer | null} bytes @param {string | null} hash @returns {Item} */
function born(draft, bytes, hash) {
  const { kind, job, captured_at } = draft;
  const file = bytes && { sha256: hash, size: bytes.byteLength, mime: draft.file?.type || 'application/octet-stream' };
  return {
    id: newId(), owner: draft.owner, kind, job, captured_at, made_ms: Date.now(),
    body: { kind, job, captured_at, ...draft.fields, ...file },
    state: bytes ? 'saving' : 'queued', sha256: hash, size: bytes?.byteLength ?? 0, mime: file?.mime ?? null,
    announced: false, offset: 0, attempts: 0, restarts: 0, next_try: 0, error: null,
    acked_ms: null, acked_sha256: null, rev: null,
  };
}

/** @param {Item} item @param {ArrayBuffer | null} bytes @param {ArrayBuffer | null} thumb */
async function keep(item, bytes, thumb) {
  try {
    await write(['items', 'bytes', 'thumbs'], async (tx) => {
      const writes = [tx.objectStore('items').add(item)];
      if (bytes) writes.push(tx.objectStore('bytes').add(bytes, item.id));
      if (thumb) writes.push(tx.objectStore('thumbs').add(thumb, item.id));
      // Nothing more comes: from here on it is kept even if the page goes.
      tx.commit();
      await Promise.all(writes);
    }, { size: item.size });
  } catch (error) {
    // An id is made once: if it is there, a first try went through although the connection broke afterwards.
    if (!(error instanceof Error) || error.name !== 'ConstraintError') throw new NotKept(isFull(error) ? 'full' : 'storage', error);
  }
}

/**
 * Compares what lies on the disk with what was to be kept, and lets only that be sent (nextcloud/android#2736).
 * @param {Item} item in state saving @returns {Promise<Item>}
 * @throws {NotKept} the row stays as a loud reminder
 */
async function readBack(item) {
  const error = await flaw(item).catch((unread) => {
    throw new NotKept('storage', unread);
  });
  const checked = { ...item, ...(error ? { state: 'lost-bytes', error } : { state: 'queued' }) };
  const noted = write(['items'], async (tx) => {
    const now = await tx.objectStore('items').get(item.id);
    // Another window may have checked it meanwhile, and may be sending it already.
    if (now?.state === 'saving') await tx.objectStore('items').put(checked);
  }, { relaxed: true });
  // What could not be noted (a disk that is full by now) is read back once more before it is sent; it is safe already.
  await (error ? noted : noted.catch(console.warn));
  if (!error) return /** @type {Item} */ (checked);
  tell(item.id);
  await note('not-kept', item.id, error);
  throw new NotKept('storage');
}

/** What is wrong with the bytes of an item, as code, or null. @param {Item} item */
async function flaw({ id, size, sha256: hash }) {
  const bytes = await read(['bytes'], (tx) => tx.objectStore('bytes').get(id));
  if (bytes?.byteLength !== size) return 'lost-bytes';
  return (await sha256(bytes)) === hash ? null : 'bytes-changed';
}

/** Checks rows whose page died between writing and reading back. @param {string} owner */
export async function checkSaving(owner) {
  const rows = await read(['items'], (tx) => tx.objectStore('items').index('state').getAll([owner, 'saving']));
  for (const row of rows) {
    await readBack(row).then(() => tell(row.id), (error) => {
      if (!(error instanceof NotKept)) throw error;
    });
  }
}
