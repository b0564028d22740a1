// @ts-check
import { packAll } from './export.js';
import { contentOf, fileName, mimeOf } from './files.js';
import { h } from '../lib/dom.js';

/** @typedef {import('./db.js').Item} Item */
/** @typedef {import('./files.js').JobName} JobName */

/** So much may go through a share sheet at once; it all lies in memory meanwhile. */
const SHARED_FILES = 10;
const SHARED_BYTES = 60_000_000;
const ADDRESS_MS = 60_000;

/**
 * How a copy left: shared · downloaded · cancelled · again (the tap is too long ago, another one is needed).
 * @typedef {'shared' | 'downloaded' | 'cancelled' | 'again'} Given
 */
/** @typedef {{ given: Given, files: File[], missing: number, packed: boolean }} Saved */

/**
 * Gives copies to the phone itself: a few through the share sheet, from where a phone puts them among its pictures;
 * many, or where there is no such sheet, as one archive.
 * @param {Item[]} items @param {Map<string, JobName>} jobs @param {(done: number) => void} onProgress
 * @returns {Promise<Saved>}
 */
export async function saveCopies(items, jobs, onProgress) {
  const bytes = items.reduce((sum, item) => sum + item.size, 0);
  const few = items.length === 1 || (shares() && items.length <= SHARED_FILES && bytes <= SHARED_BYTES);
  return few ? saveEach(items, jobs) : saveArchive(items, jobs, onProgress);
}

/** @param {Item[]} items @param {Map<string, JobName>} jobs @returns {Promise<Saved>} */
async function saveEach(items, jobs) {
  const files = [];
  for (const [index, item] of items.entries()) {
    const content = await contentOf(item);
    if (content) files.push(new File([content], fileName(item, jobs.get(item.job ?? ''), index + 1), { type: mimeOf(item) }));
  }
  const missing = items.length - files.length;
  return { given: files.length > 0 ? await give(files) : 'cancelled', files, missing, packed: false };
}

/**
 * @param {Item[]} items @param {Map<string, JobName>} jobs @param {(done: number) => void} onProgress
 * @returns {Promise<Saved>}
 * @throws {import('../lib/zip.js').ZipTooLarge}
 */
export async function saveArchive(items, jobs, onProgress) {
  const { file, missing } = await packAll(items, jobs, onProgress);
  return { given: await give([file]), files: [file], missing, packed: true };
}

/** Whether this is a phone with a share sheet; at a desk people look in the download folder. */
function shares() {
  return Boolean(navigator.canShare) && matchMedia('(pointer: coarse)').matches;
}

/** @param {File[]} files @returns {Promise<Given>} */
export async function give(files) {
  if (!shares() || !navigator.canShare({ files })) return downloadAll(files);
  try {
    await navigator.share({ files });
    return 'shared';
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'AbortError') return 'cancelled';
    return name === 'NotAllowedError' ? 'again' : downloadAll(files);
  }
}

/** @param {File[]} files @returns {Given} */
function downloadAll(files) {
  files.forEach(download);
  return 'downloaded';
}

/** @param {File} file */
export function download(file) {
  const link = h('a', { href: URL.createObjectURL(file), download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), ADDRESS_MS);
}
