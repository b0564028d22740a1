// @ts-check
import { plant } from './canary.js';
import { write } from './db.js';

/** @type {import('./item.js').Store[]} */
const EVERYTHING = ['items', 'bytes', 'thumbs', 'readmodel', 'log', 'meta'];

/**
 * Empties this phone, unsent things included, because the office said so. What stays is the phone's name, and that
 * the office has to be told.
 * @param {string} device
 */
export async function wipe(device) {
  await write(EVERYTHING, async (tx) => {
    await Promise.all(EVERYTHING.map((store) => tx.objectStore(store).clear()));
    await Promise.all([tx.objectStore('meta').put(device, 'device'), tx.objectStore('meta').put(true, 'obeyed-owed')]);
  });
  await dropCaches();
  const here = /** @type {any} */ (globalThis);
  here.sessionStorage?.clear();
  here.localStorage?.clear();
  await plant(device);
  await unregister();
}

/** What could be read here goes; what is unsent stays and is sent. */
export async function wipeRead() {
  for (const name of await caches.keys()) {
    if (!name.startsWith('static-')) await caches.delete(name);
  }
  await write(['readmodel'], (tx) => tx.objectStore('readmodel').clear());
}

async function dropCaches() {
  for (const name of await caches.keys()) await caches.delete(name);
}

/** Without its cache the worker could not start a page; the next visit installs it anew. */
async function unregister() {
  const here = /** @type {any} */ (globalThis);
  const registration = here.registration ?? (await here.navigator.serviceWorker?.getRegistration());
  await registration?.unregister();
}
