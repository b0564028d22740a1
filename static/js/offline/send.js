// @ts-check
import { note } from './log.js';
import { bytesOf, change, rowOf, thumbOf } from './outbox.js';
import { dropCopy } from './space.js';
import { carry, HashDiffers } from './tus.js';
import { oweWithdrawal } from './withdrawn.js';
import { afterFirst } from '../lib/first.js';
import { ask, judge, Later, Parked, Pause } from '../lib/http.js';
import { base64, sha256 } from '../lib/bytes.js';

/** @typedef {import('./item.js').Item} Item */
/**
 * What the server says it has of one item.
 * @typedef {{ state: 'unknown' | 'announced' | 'receiving' | 'stored' | 'tombstone', offset: number, sha256: string | null, rev: number | null }} Known
 */

const WITH_THUMB = ['photo', 'video'];
/** Its file is small and travels inside the description: a consent and its signature are here together or not at all. */
const WHOLE = 'consent';

/**
 * Sends the description, with the thumb, unless the server has it. A row with a receipt needs only the later word of
 * `have`.
 * @param {Item} row @param {Known | undefined} known @param {Record<string, string>} headers
 * @returns {Promise<boolean>} whether nothing more is owed
 */
export async function describe(row, known, headers) {
  if (row.state === 'stored' && confirmed(row, known)) {
    await change(row.id, { state: 'linked' });
    return true;
  }
  if (known?.state === 'tombstone') throw new Parked('tombstone');
  if (!(await isStillHere(row))) return true;
  const whole = row.size === 0 || row.kind === WHOLE;
  const taken = !known || known.state === 'unknown' ? await announce(row, headers) : null;
  if (whole) await accept(row, row.size > 0 ? taken ?? await receipt(row, headers) : null);
  return whole;
}

/**
 * Whether its owner has not thrown it away since this round began. What can be taken back is marked as on its way
 * first, so that nobody is told it were taken back while it goes.
 * @param {Item} row
 */
async function isStillHere(row) {
  const marked = row.kind === 'filing' && (await change(row.id, { state: 'sending' }));
  return Boolean(marked || (await rowOf(row.id)));
}

/** @param {Item} row @param {Record<string, string>} headers @returns {Promise<any>} the item as the server holds it */
async function announce(row, headers) {
  const thumb = WITH_THUMB.includes(row.kind) ? await thumbOf(row.id).catch(() => null) : null;
  const inside = row.kind === WHOLE && row.size > 0 ? await wholeBytes(row) : null;
  if (row.kind === WHOLE && row.size > 0 && !inside) throw new Parked('lost-bytes');
  const json = { ...row.body, ...(thumb && { thumb: base64(thumb) }), ...(inside && { signature: base64(inside) }) };
  const { json: taken } = judge(await ask('PUT', `/sync/items/${row.id}`, { json, headers }));
  if (taken?.id !== row.id) throw new Pause('portal');
  // The office may have merged the job meanwhile: what is here follows.
  const job = row.kind !== 'job' && typeof taken.job === 'string' ? { job: taken.job } : {};
  const noted = await change(row.id, { announced: true, rev: taken.rev ?? null, ...job });
  if (!noted && row.size > 0 && row.kind !== WHOLE && !(await rowOf(row.id))) await oweWithdrawal({ owner: row.owner, id: row.id });
  return taken;
}

/**
 * Brings the bytes and checks the receipt.
 * @param {Item} row @param {Known | undefined} known
 * @param {{ headers: Record<string, string>, afterSlice: () => Promise<unknown> }} options afterSlice: what must not
 *   wait for the whole file
 */
export async function bring(row, known, { headers, afterSlice }) {
  if (known?.state === 'stored') return seal(row, await receipt(row, headers), known);
  const bytes = await wholeBytes(row);
  if (!bytes) return null;
  await change(row.id, { state: 'sending', error: null });
  const offset = known?.state === 'receiving' ? known.offset : null;
  const onProgress = async (/** @type {number} */ at) => {
    await afterFirst();
    await change(row.id, { offset: at });
    await afterSlice();
  };
  const answer = await carry(row, bytes, { offset, headers, onProgress }).catch((error) => restarted(row, bytes, error));
  return accept(row, answer ?? await receipt(row, headers));
}

/**
 * Whether a later `have` confirms what the receipt said; what the office deleted since had arrived as well.
 * @param {Item} row @param {Known | undefined} known
 */
function confirmed(row, known) {
  if (known?.state === 'tombstone') return true;
  return known?.state === 'stored' && (row.size === 0 || known.sha256 === row.sha256);
}

/** The bytes as they were kept; missing ones are said loudly, never skipped. @param {Item} row */
async function wholeBytes(row) {
  const bytes = await bytesOf(row.id).catch(unreadable);
  if (bytes && bytes.byteLength === row.size) return bytes;
  await change(row.id, { state: 'lost-bytes', error: 'lost-bytes' });
  await note('lost-bytes', row.id);
  return null;
}

/**
 * One record that the storage does not give out holds up no other. Of a file that is gone for good Chromium says so,
 * yet it stays its owner's to give up; anything else may pass.
 * @param {unknown} error @returns {never}
 */
function unreadable(error) {
  if (!(error instanceof DOMException)) throw error;
  throw error.name === 'NotReadableError' ? new Parked('unreadable') : new Later('storage');
}

/**
 * The server got other bytes than we hashed: once is the line, twice is us or the server, and a human looks.
 * @param {Item} row @param {ArrayBuffer} bytes @param {unknown} error @returns {Promise<never>}
 */
async function restarted(row, bytes, error) {
  if (!(error instanceof HashDiffers)) throw error;
  const restarts = row.restarts + 1;
  await change(row.id, { restarts, offset: 0 });
  if (restarts < 2) throw new Later('hash');
  throw new Parked((await sha256(bytes)) === row.sha256 ? 'hash' : 'bytes-changed');
}

/** @param {Item} row @param {Record<string, string>} headers */
async function receipt(row, headers) {
  const answer = judge(await ask('GET', `/sync/items/${row.id}`, { headers }));
  if (!answer.json) throw new Pause('portal');
  return answer.json;
}

/**
 * Believes a receipt only if it names this item, this size and this hash (reliability F5).
 * @param {Item} row @param {any} paper null for an item without a file: its description was the whole of it
 * @returns {Promise<Item | null>} null if it could not be noted
 */
async function accept(row, paper) {
  if (row.size > 0) check(row, paper);
  const receipt = { acked_ms: Date.now(), acked_at: paper?.stored_at ?? null, acked_sha256: paper?.sha256 ?? null, rev: paper?.rev ?? row.rev };
  const noted = await change(row.id, { ...receipt, state: 'stored', offset: row.size, error: null, attempts: 0 });
  await note('stored', row.id);
  return noted;
}

/**
 * Takes a receipt that a `have` agrees with. Where the disk is too full to note it, the copy goes instead: both words
 * of the server are here, and without room nothing can be noted ever.
 * @param {Item} row @param {any} paper @param {Known} known
 */
async function seal(row, paper, known) {
  if ((await accept(row, paper)) || !confirmed(row, known)) return;
  await dropCopy(row.id);
  await accept(row, paper);
}

/** @param {Item} row @param {any} paper */
function check(row, paper) {
  const ours = paper?.id === row.id;
  // Everything is there, but the office has not put it away yet: no receipt, and no reason to worry a human.
  if (ours && (paper.state === 'receiving' || paper.state === 'announced')) throw new Later('unfinished');
  if (!ours || paper.state !== 'stored' || paper.size !== row.size || paper.sha256 !== row.sha256) throw new Parked('receipt');
}
