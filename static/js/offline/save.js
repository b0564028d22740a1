// @ts-check
import { bytesOf } from './outbox.js';
import { h } from '../lib/dom.js';

const ENDINGS = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'image/heic': 'heic', 'image/heif': 'heif', 'image/avif': 'avif' };

/**
 * Gives a copy of one item to the phone itself: share sheet where there is one, else a download.
 * @param {import('./db.js').Item} item
 * @returns {Promise<boolean>} false if there was nothing to give
 */
export async function saveToPhone(item) {
  const file = await asFile(item);
  if (!file) return false;
  if (navigator.canShare?.({ files: [file] })) await navigator.share({ files: [file] }).catch(ignoreCancel);
  else download(file);
  return true;
}

/** @param {import('./db.js').Item} item */
async function asFile(item) {
  const stamp = item.captured_at.slice(0, 19).replace(/[:T]/g, '-');
  if (item.size === 0) return new File([String(item.body.text ?? item.body.title ?? '')], `zollstock-${stamp}.txt`, { type: 'text/plain' });
  const bytes = await bytesOf(item.id);
  if (!bytes?.byteLength) return null;
  const mime = item.mime ?? '';
  const ending = ENDINGS[/** @type {keyof typeof ENDINGS} */ (mime)] ?? 'bin';
  return new File([bytes], `zollstock-${stamp}-${item.id.slice(-4)}.${ending}`, { type: mime });
}

/** @param {unknown} error */
function ignoreCancel(error) {
  if (!(error instanceof DOMException) || error.name !== 'AbortError') throw error;
}

/** @param {File} file */
export function download(file) {
  const link = h('a', { href: URL.createObjectURL(file), download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
