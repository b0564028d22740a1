// @ts-check
import { enqueue, whyNotKept } from './outbox.js';
import { activeSession } from './session.js';
import { shortened } from '../lib/shortened.js';
import { localIso } from '../lib/time.js';

/** @typedef {import('./item.js').Kind} Kind */

/** @type {Record<string, Kind>} */
const KINDS = { image: 'photo', video: 'video', audio: 'voice' };
/** For apps that share a file without saying what it is. @type {Record<string, string>} */
const TYPES = {
  jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp', heic: 'image/heic', heif: 'image/heif',
  mp4: 'video/mp4', mov: 'video/quicktime', webm: 'video/webm', m4a: 'audio/mp4', mp3: 'audio/mpeg', ogg: 'audio/ogg', opus: 'audio/ogg',
};
const THUMB_PX = 320;
const THUMB_BYTES = 20_000;
const TEXT_AT_MOST = 2000;

/**
 * Keeps what another app shared, in the worker and without any page: first all on the phone, then the answer.
 * @param {Request} request the form of the share target, see the manifest
 * @returns {Promise<string>} the address that says what became of it
 */
export async function keepShared(request) {
  const form = await request.formData();
  const files = form.getAll('files').flatMap((one) => (one instanceof File && (one.size > 0 || one.name !== '') ? [one] : []));
  const words = wordsOf(form);
  const session = await activeSession();
  if (!session) return '/share?why=signed-out';
  if (files.length === 0) return `/notes/new?text=${encodeURIComponent(words)}`;
  let [kept, why] = [0, ''];
  // One at a time: a gallery full of originals does not fit into memory (enketo-express#398).
  for (const file of files) {
    const code = await keepOne(session.actor, file, words);
    if (code) why = code;
    else kept += 1;
  }
  return `/sort?${new URLSearchParams({ shared: String(kept), ...(why && { lost: String(files.length - kept), why }) })}`;
}

/** @param {FormData} form */
function wordsOf(form) {
  const parts = ['title', 'text', 'url'].map((name) => String(form.get(name) ?? '').trim());
  return shortened([...new Set(parts)].filter(Boolean).join('\n'), TEXT_AT_MOST);
}

/** @param {string} owner @param {File} file @param {string} caption @returns {Promise<string>} a code of NotKept, '' when it is safe */
async function keepOne(owner, file, caption) {
  const type = typeOf(file);
  const kind = KINDS[type.split('/')[0]];
  if (!kind) return 'kind';
  try {
    const named = file.type === type ? file : new File([file], file.name, { type, lastModified: file.lastModified });
    const thumb = kind === 'photo' ? await thumbIn(file) : null;
    await enqueue({ owner, kind, job: null, captured_at: localIso(new Date(file.lastModified || Date.now())), fields: { caption }, file: named, thumb });
    return '';
  } catch (error) {
    return whyNotKept(error);
  }
}

/** Without parameters: `audio/ogg; codecs=opus` is an Ogg file. @param {File} file */
function typeOf(file) {
  const said = file.type.split(';')[0].trim().toLowerCase();
  return said.includes('/') && said !== 'application/octet-stream' ? said : TYPES[file.name.split('.').pop()?.toLowerCase() ?? ''] ?? said;
}

/** A small upright JPEG, or null where this browser cannot read the picture. @param {Blob} file @returns {Promise<ArrayBuffer | null>} */
async function thumbIn(file) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: THUMB_PX, resizeQuality: 'medium', imageOrientation: 'from-image' });
    const scale = Math.min(1, THUMB_PX / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    for (const quality of [0.7, 0.5, 0.3]) {
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
      if (blob.size <= THUMB_BYTES) return blob.arrayBuffer();
    }
  } catch {
    // the photo is kept all the same; the office draws its own
  }
  return null;
}
