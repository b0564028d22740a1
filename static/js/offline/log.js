// @ts-check
import { read, write } from './db.js';

const KEPT = 500;

/**
 * Notes one event of sending, without content, so that a lost photo can be explained later.
 * @param {string} event @param {string | null} [id] @param {string} [detail]
 */
export async function note(event, id = null, detail = '') {
  try {
    await write(['log'], async (tx) => {
      const log = tx.objectStore('log');
      const key = await log.add({ at: new Date().toISOString(), event, id, detail });
      await log.delete(IDBKeyRange.upperBound(key - KEPT));
    }, { relaxed: true });
  } catch (error) {
    // A diary that is full stops nobody from sending.
    console.warn(error);
  }
}

/** All kept events as text, one a line. */
export async function logText() {
  const rows = await read(['log'], (tx) => tx.objectStore('log').getAll());
  return rows.map((/** @type {any} */ row) => [row.at, row.event, row.id ?? '', row.detail].join('\t')).join('\n');
}
