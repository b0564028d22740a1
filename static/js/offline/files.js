// @ts-check
import { bytesOf } from './outbox.js';
import { kindWord } from '../lib/reasons.js';
import { shortened } from '../lib/shortened.js';
import { t } from '../lib/text.js';

/** @typedef {import('./db.js').Item} Item */
/** @typedef {{ id: string, number: string, title: string }} JobName */

/** @type {Record<string, string>} */
const ENDINGS = {
  'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'image/heic': 'heic', 'image/heif': 'heif', 'image/avif': 'avif',
  'video/mp4': 'mp4', 'video/webm': 'webm', 'video/quicktime': 'mov',
  'audio/mp4': 'm4a', 'audio/webm': 'weba', 'audio/ogg': 'ogg', 'audio/mpeg': 'mp3', 'audio/aac': 'aac',
};
/** @type {Record<string, string>} */
const PHASES = { before: 'vorher', during: 'während', after: 'nachher', defect: 'Mangel', concealed: 'verdeckt' };
const NAME_LENGTH = 48;
/** What some file system does not take in a name, and control characters. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\\/:*?"<>|_]+/gu;

/**
 * Date, time, job, phase and counter, so that a folder sorts itself: `2026-11-23_10-42-07_2026-118-Bad-Müller_vorher_003.jpg`.
 * @param {Item} item @param {JobName | undefined} job @param {number} counter
 */
export function fileName(item, job, counter) {
  const parts = [
    item.captured_at.slice(0, 10),
    item.captured_at.slice(11, 19).replaceAll(':', '-'),
    safeName(jobWords(item, job)),
    item.kind === 'photo' ? safeName(t(PHASES[String(item.body.phase)] ?? '')) : safeName(kindWord(item.kind)),
    String(counter).padStart(3, '0'),
  ];
  return `${parts.filter(Boolean).join('_')}.${ending(item)}`;
}

/** @param {string} words */
function safeName(words) {
  const one = words.normalize('NFC').replace(FORBIDDEN, ' ').trim().replace(/\s+/g, '-');
  return shortened(one, NAME_LENGTH).replace(/^[.-]+|[.-]+$/g, '');
}

/** Number and title, as in the name of a file. @param {Item} item @param {JobName | undefined} job */
function jobWords(item, job) {
  return [job?.number, jobTitle(item, job)].filter(Boolean).join(' ');
}

/** @param {Item} item @param {JobName | undefined} job */
export function jobTitle(item, job) {
  if (item.kind === 'job') return String(item.body.title ?? '');
  if (job) return job.title;
  return item.job ? String(item.body.job_hint || t('Auftrag')) : t('Ohne Auftrag');
}

/** @param {Item} item */
function ending(item) {
  if (item.size === 0) return 'txt';
  const mime = (item.mime ?? '').split(';')[0];
  // `audio/x-m4a`, `image/gif`, `video/3gpp`: what a phone opens by its ending.
  return ENDINGS[mime] ?? /^(?:image|video|audio)\/(?:x-)?([a-z0-9]{2,4})$/.exec(mime)?.[1] ?? 'bin';
}

/**
 * What is given away: the original bytes, or the words of something without a file.
 * @param {Item} item
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>} null where the bytes are gone
 */
export async function contentOf(item) {
  if (item.size === 0) return new TextEncoder().encode(wordsOf(item));
  // One that the storage does not give out must not keep the others from leaving.
  const bytes = await bytesOf(item.id).catch(() => null);
  return bytes?.byteLength ? new Uint8Array(bytes) : null;
}

/** Everything somebody wrote, one thought a line. @param {Item} item */
function wordsOf({ body }) {
  const { title, text, caption, street, city, choices = [] } = /** @type {Record<string, any>} */ (body);
  const lines = [title, text, caption, [street, city].filter(Boolean).join(', '), ...[choices].flat().map((choice) => `– ${choice}`)];
  return `${lines.filter(Boolean).join('\n')}\n`;
}

/** The type a share sheet is told. @param {Item} item */
export function mimeOf(item) {
  return item.size === 0 ? 'text/plain' : item.mime ?? 'application/octet-stream';
}
