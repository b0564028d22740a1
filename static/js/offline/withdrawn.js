// @ts-check
import { headersOf } from './have.js';
import { changeMeta, getMeta, ifRoom, write } from './db.js';
import { ask, judge } from '../lib/http.js';

/** @typedef {{ owner: string, id: string }} Withdrawn a photo that was removed here though the office knows of it */

/** Inside the transaction that removes it: the office must not wait for what no longer exists. @param {any} tx @param {Withdrawn} gone */
export async function noteWithdrawn(tx, gone) {
  const meta = tx.objectStore('meta');
  await meta.put([...((await meta.get('withdrawn')) ?? []), gone], 'withdrawn');
}

/** Its description came to the office while it was removed here. @param {Withdrawn} gone */
export function oweWithdrawal(gone) {
  return write(['meta'], (tx) => noteWithdrawn(tx, gone));
}

/** Tells the office, once there is a line. What it refuses it has settled otherwise. @param {string} owner @param {string} device */
export async function tellWithdrawn(owner, device) {
  const noted = /** @type {Withdrawn[]} */ ((await getMeta('withdrawn')) ?? []);
  for (const { id } of noted.filter((one) => one.owner === owner)) {
    judge(await ask('DELETE', `/sync/items/${id}`, { headers: headersOf(owner, device) }), [403, 404, 405, 409, 410]);
    await ifRoom(changeMeta('withdrawn', (now) => without(now ?? [], id)));
  }
}

/** @param {Withdrawn[]} noted @param {string} id @returns {Withdrawn[] | undefined} */
function without(noted, id) {
  const left = noted.filter((one) => one.id !== id);
  return left.length > 0 ? left : undefined;
}
