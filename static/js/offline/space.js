// @ts-check
import { write, read, whenFull } from './db.js';

/** In this order: what can be fetched again, then copies of what the office has. Unsent bytes never. */
const STEPS = [() => dropCaches('pages-'), () => dropCaches('thumbs-'), dropConfirmedBytes];

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
 * Bytes whose receipt and a later word of the server agree, whoever made them, however young. Nothing is written but
 * deletions: on a full disk a row could not be.
 */
async function dropConfirmedBytes() {
  const ids = await read(['items'], async (tx) => {
    const rows = await tx.objectStore('items').getAll();
    return rows.filter(isConfirmed).map((/** @type {import('./item.js').Item} */ row) => row.id);
  });
  await write(['bytes'], async (tx) => {
    await Promise.all(ids.map((/** @type {string} */ id) => tx.objectStore('bytes').delete(id)));
  }, { asIs: true });
}

/** @param {import('./item.js').Item} row */
export function isConfirmed(row) {
  return row.state === 'linked' && row.acked_sha256 === row.sha256;
}
