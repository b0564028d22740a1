// @ts-check
import { shout } from './connection.js';
import { getMeta, setMeta } from './db.js';
import { deviceId } from './session.js';

/** The twin of meta `canary` in localStorage: this phone's name, and how much it held when it was last counted. */
const TWIN = 'zollstock-canary';

/** @typedef {{ device: string, unsent: number }} Twin */

/**
 * Notices that the browser emptied the database behind our back (R28): then the twin is there and the row is not.
 * The phone keeps its name, so that the office does not take it for another one, and says how much was unsent, until
 * somebody read it.
 */
export async function checkCanary() {
  const [row, twin] = [await getMeta('canary'), readTwin()];
  if (!row && twin) await mourn(twin);
  else if (!row || !twin) await plant(await deviceId());
  if (await getMeta('wiped')) shout('wiped');
}

/** @param {Twin} twin */
async function mourn({ device, unsent }) {
  if (!(await getMeta('device'))) await setMeta('device', device);
  await setMeta('wiped', { unsent, at: Date.now() });
  await plant(await deviceId());
}

/** What the browser threw away and nobody has read yet. @returns {Promise<{ unsent: number, at: number } | null>} */
export async function wipedByBrowser() {
  return (await getMeta('wiped')) ?? null;
}

/** The person has read it. */
export function forgetWiped() {
  return setMeta('wiped', undefined);
}

/** Lets the two agree from now on. @param {string} device */
export async function plant(device) {
  await setMeta('canary', device);
  writeTwin({ device, unsent: 0 });
}

/** Remembers how much is unsent, outside of the database. @param {number} unsent */
export function countForTwin(unsent) {
  const twin = readTwin();
  if (twin && twin.unsent !== unsent) writeTwin({ ...twin, unsent });
}

/** @returns {Twin | null} */
function readTwin() {
  try {
    return JSON.parse(localStorageHere()?.getItem(TWIN) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {Twin} twin */
function writeTwin(twin) {
  try {
    localStorageHere()?.setItem(TWIN, JSON.stringify(twin));
  } catch {
    // forbidden or full: without a twin nothing is noticed, and nothing else depends on it
  }
}

/** A worker has none. @returns {{ getItem(key: string): string | null, setItem(key: string, value: string): void } | undefined} */
function localStorageHere() {
  return /** @type {any} */ (globalThis).localStorage;
}
