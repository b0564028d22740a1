// @ts-check
import { ask, judge, Later, Pause } from '../lib/http.js';

const PATH = '/sync/blobs/';
const VERSION = { 'Tus-Resumable': '1.0.0' };
const STREAM = { ...VERSION, 'Content-Type': 'application/offset+octet-stream' };
const MIN_SLICE = 256 * 1024;
const MAX_SLICE = 1024 * 1024;
const FAST_MS = 3_000;
/** How often the server may surprise us within one try before the item steps back. */
const MAX_SURPRISES = 5;

/** @typedef {import('../lib/http.js').Answer} Answer */

/** Grows on a fast line and shrinks on a bad one; shared by all uploads of this page. */
let sliceSize = MIN_SLICE;

/** The server threw the upload away because the bytes it got have another hash (460). */
export class HashDiffers extends Error {}

/**
 * Brings one file to the server from where it stands (tus 1.0.0, offsets are the server's).
 * @param {import('./db.js').Item} item @param {ArrayBuffer} bytes
 * @param {{ offset: number | null, headers: Record<string, string>, onProgress: (offset: number) => Promise<unknown> }} options
 *   offset: what the server said it has, null when it does not know the upload
 * @returns {Promise<any>} the body of the last answer: a receipt, or null if that answer carried none
 */
export async function carry(item, bytes, { offset, headers, onProgress }) {
  const at = PATH + item.id;
  let answer = null;
  let have = offset;
  for (let surprises = 0; surprises <= MAX_SURPRISES;) {
    if (have !== null && have >= bytes.byteLength) return answer?.json ?? null;
    answer = have === null ? await create(item, bytes, headers) : await append(at, have, bytes, headers);
    if (answer.json?.state === 'stored') return answer.json;
    const next = await follow(answer, at, headers);
    if (next === null || next <= (have ?? -1)) surprises += 1;
    have = next;
    if (have !== null) await onProgress(Math.min(have, bytes.byteLength));
  }
  throw new Later('offset');
}

/** @param {import('./db.js').Item} item @param {ArrayBuffer} bytes @param {Record<string, string>} headers */
async function create(item, bytes, headers) {
  const first = new Uint8Array(bytes, 0, Math.min(MIN_SLICE, bytes.byteLength));
  const metadata = { id: item.id, sha256: item.sha256 ?? '', filetype: item.mime ?? '' };
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${btoa(value)}`);
  return judge(await ask('POST', PATH, {
    bytes: first,
    headers: { ...headers, ...STREAM, 'Upload-Length': String(bytes.byteLength), 'Upload-Metadata': pairs.join(',') },
  }), [460]);
}

/** @param {string} at @param {number} offset @param {ArrayBuffer} bytes @param {Record<string, string>} headers */
async function append(at, offset, bytes, headers) {
  const slice = new Uint8Array(bytes, offset, Math.min(sliceSize, bytes.byteLength - offset));
  const started = Date.now();
  try {
    const answer = await ask('PATCH', at, { bytes: slice, headers: { ...headers, ...STREAM, 'Upload-Offset': String(offset) } });
    if (Date.now() - started < FAST_MS) sliceSize = Math.min(MAX_SLICE, sliceSize * 2);
    return judge(answer, [404, 409, 410, 460]);
  } catch (error) {
    sliceSize = Math.max(MIN_SLICE, sliceSize / 2);
    throw error;
  }
}

/**
 * Where the upload stands after an answer; null means it has to be made again.
 * @param {Answer} answer @param {string} at @param {Record<string, string>} headers
 * @returns {Promise<number | null>}
 */
async function follow(answer, at, headers) {
  if (answer.status === 460) throw new HashDiffers();
  if (answer.status === 404 || answer.status === 410) return null;
  if (answer.status === 409) return standing(at, headers);
  return offsetIn(answer) ?? standing(at, headers);
}

/** @param {string} at @param {Record<string, string>} headers @returns {Promise<number | null>} */
async function standing(at, headers) {
  const answer = judge(await ask('HEAD', at, { headers: { ...headers, ...VERSION } }), [404, 410]);
  if (answer.status === 404 || answer.status === 410) return null;
  const offset = offsetIn(answer);
  if (offset === null) throw new Pause('portal');
  return offset;
}

/** @param {Answer} answer @returns {number | null} */
function offsetIn({ headers }) {
  const value = headers.get('Upload-Offset');
  return value !== null && /^\d+$/.test(value) ? Number(value) : null;
}
