// @ts-check
import { getMeta, read, setMeta } from './db.js';
import { tellGone } from './gone.js';
import { note } from './log.js';
import { isLeaving } from './session.js';
import { wipe, wipeRead } from './wipe.js';
import { ask, Pause } from '../lib/http.js';

/** @typedef {'send_then_wipe' | 'wipe'} Order */

const HOLDING = ['saving', 'queued', 'sending', 'stored', 'paused-login', 'needs-attention'];

/**
 * Hears what the office wants of this phone. Only the server's own JSON gets here.
 * @param {unknown} order an Order, null for none; a server that does not know orders says nothing
 * @param {string} device
 * @throws {Pause} wiped
 */
export async function heed(order, device) {
  if (order === 'wipe') return obey(device);
  const pending = await getMeta('order');
  if (order === 'send_then_wipe' && pending !== order) {
    await setMeta('order', order);
    await note('order', null, order);
    await wipeRead();
  }
  if (order === null && pending) await setMeta('order', undefined);
}

/**
 * After the sending: wipes if that was the order and nobody's things are left here without a confirmed receipt.
 * @param {string} device
 */
export async function obeyIfEmpty(device) {
  if ((await isLeaving()) && (await held()) === 0) await obey(device);
}

/** What would be lost: rows of anybody, and recordings that no row was made of yet (recordings.js). */
function held() {
  return read(['items', 'meta'], async (tx) => {
    const rows = await tx.objectStore('items').getAll();
    const recordings = await tx.objectStore('meta').count(IDBKeyRange.bound('recording/', 'recording/~'));
    return recordings + rows.filter((/** @type {import('./item.js').Item} */ row) => HOLDING.includes(row.state)).length;
  });
}

/** @param {string} device @returns {Promise<never>} */
async function obey(device) {
  await wipe(device);
  await payObeyed(device).catch(console.warn);
  tellGone();
  throw new Pause('wiped');
}

/** Tells the office that its order was carried out; until that arrived nothing else is asked. @param {string} device */
export async function payObeyed(device) {
  if (!(await getMeta('obeyed-owed'))) return;
  const answer = await ask('POST', '/sync/obeyed', { json: { device } });
  if (answer.status >= 300) throw new Pause('busy');
  await setMeta('obeyed-owed', undefined);
}
