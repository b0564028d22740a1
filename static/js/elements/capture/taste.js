// @ts-check
import { changeMeta, getMeta } from '../../offline/db.js';

/** What this phone remembers about its camera page. @typedef {{ grid: boolean, quality: import('../../lib/camera.js').Quality }} Taste */

/** @type {Taste} */
const DEFAULT = { grid: true, quality: 'fast' };

/** @returns {Promise<Taste>} */
export async function readTaste() {
  return { ...DEFAULT, ...(await getMeta('camera').catch(() => null)) };
}

/** @param {Partial<Taste>} patch */
export async function writeTaste(patch) {
  await changeMeta('camera', (now) => ({ ...DEFAULT, ...now, ...patch }));
}
