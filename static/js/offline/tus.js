// @ts-check
import { arrived, broke, patienceFor, sliceSize } from './line.js';
import { ask, judge, Later, Pause } from '../lib/http.js';

const PATH = '/sync/blobs/';
const VERSION = { 'Tus-Resumable': '1.0.0' };
const STREAM = { ...VERSION, 'Content-Type': 'application/offset+octet-stream' };
/** How often the server may surprise us within one try before the item steps back. */
const MAX_SURPRISES = 5;

/** @typedef {import('../lib/http.js').Answer} Answer */
/** @typedef {Record<string, string>} Headers */

/** The server threw the upload away because the bytes it got have another hash (460). */
export class HashDiffers extends Error {}

/**
 * Brings one file to the server from where it stands (tus 1.0.0, offsets are the server's).
 * @param {import('./item.js').Item} item @param {ArrayBuffer} bytes
 * @param {{ offset: number | null, headers: Headers, onProgress: (offset: number) => Promise<unknown> }} options
 *   offset: what the server said it has, null when it does not know the upload
 * @returns {Promise<any>} the body of the last answer: a receipt, or null if that answer carried none
 */
export async function carry(item, bytes, { offset, headers, onProgress }) {
  const at = PATH + item.id;
  let answer = null;
  let have = offset;
  for (let surprises = 0; surprises <= MAX_SURPRISES;) {
    // All of it is there, but no receipt came: asking lets the server finish what it began.
    if (have !== null && have >= bytes.byteLength) return answer ? answer.json : finish(at, headers);
    answer = have === null ? await create(item, bytes, headers) : await append(at, have, bytes, headers);
    if (answer.json?.state === 'stored') return answer.json;
    const next = await follow(answer, at, headers);
    if (next === null || next <= (have ?? -1)) surprises += 1;
    have = next;
    if (have !== null) await onProgress(Math.min(have, bytes.byteLength));
  }
  throw new Later('offset');
}

/** @param {string} at @param {Headers} headers */
async function finish(at, headers) {
  await standing(at, headers);
  return null;
}

/** @param {import('./item.js').Item} item @param {ArrayBuffer} bytes @param {Headers} headers */
function create(item, bytes, headers) {
  const first = new Uint8Array(bytes, 0, Math.min(sliceSize(), bytes.byteLength));
  const metadata = { id: item.id, sha256: item.sha256 ?? '', filetype: item.mime ?? '' };
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${btoa(value)}`);
  const made = { 'Upload-Length': String(bytes.byteLength), 'Upload-Metadata': pairs.join(',') };
  return push('POST', PATH, first, { ...headers, ...made }, [460]);
}

/** @param {string} at @param {number} offset @param {ArrayBuffer} bytes @param {Headers} headers */
function append(at, offset, bytes, headers) {
  const slice = new Uint8Array(bytes, offset, Math.min(sliceSize(), bytes.byteLength - offset));
  return push('PATCH', at, slice, { ...headers, 'Upload-Offset': String(offset) }, [404, 409, 410, 460]);
}

/**
 * One slice, and what it says about the line.
 * @param {string} method @param {string} path @param {Uint8Array<ArrayBuffer>} slice @param {Headers} headers @param {number[]} expected
 */
async function push(method, path, slice, headers, expected) {
  const started = performance.now();
  const patience_ms = patienceFor(slice.byteLength);
  const answer = await ask(method, path, { bytes: slice, headers: { ...headers, ...STREAM }, patience_ms }).catch((error) => {
    broke();
    throw error;
  });
  if (answer.status < 300) arrived(slice.byteLength, performance.now() - started);
  return judge(answer, expected);
}

/**
 * Where the upload stands after an answer; null means it has to be made again.
 * @param {Answer} answer @param {string} at @param {Headers} headers
 * @returns {Promise<number | null>}
 */
async function follow(answer, at, headers) {
  if (answer.status === 460) throw new HashDiffers();
  if (answer.status === 404 || answer.status === 410) return null;
  if (answer.status === 409) return standing(at, headers);
  return offsetIn(answer) ?? standing(at, headers);
}

/** @param {string} at @param {Headers} headers @returns {Promise<number | null>} */
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
