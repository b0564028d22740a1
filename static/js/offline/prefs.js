// @ts-check
import { changeMeta, getMeta } from './db.js';

/**
 * What the owner of this phone chose.
 * @typedef {{ wifi_only: boolean, keep_days: 0 | 7 | 30 }} Prefs
 *   wifi_only: originals wait for Wi-Fi; keep_days: how long originals stay here after they arrived
 */

/** @type {Prefs} */
const DEFAULTS = { wifi_only: false, keep_days: 7 };

/** @returns {Promise<Prefs>} */
export async function readPrefs() {
  return { ...DEFAULTS, ...(await getMeta('prefs')) };
}

/** @param {Partial<Prefs>} patch */
export function writePrefs(patch) {
  return changeMeta('prefs', (now) => ({ ...DEFAULTS, ...now, ...patch }));
}
