// @ts-check
import { note } from './log.js';
import { bytesOf, change, inStates } from './outbox.js';
import { ask, judge, Pause } from '../lib/http.js';
import { makePreview, MAX_PREVIEW_BYTES } from '../lib/preview.js';

/** @typedef {import('./item.js').Item} Item */

/** Answers of a server that does not know previews. */
const NEVER = [404, 405, 501];
const RECENT_MS = 24 * 60 * 60 * 1000;

/**
 * Photos of these rows that a question speaks of, where a picture of screen size is worth its bytes: the office and
 * the customer need not wait for the original.
 * @param {Item[]} rows @param {Set<string>} asked ids that questions name
 */
export function worthPreview(rows, asked) {
  return rows.filter((row) => asked.has(row.id) && row.kind === 'photo' && !row.previewed && row.size > MAX_PREVIEW_BYTES);
}

/** Ids that this owner's unsent or just sent questions name. @param {string} owner @returns {Promise<Set<string>>} */
export async function askedFor(owner) {
  const rows = await inStates(owner, ['queued', 'sending', 'stored', 'linked', 'paused-login']);
  const recent = Date.now() - RECENT_MS;
  const questions = rows.filter((row) => row.kind === 'question' && (row.acked_ms === null || row.acked_ms > recent));
  return new Set(questions.flatMap((row) => /** @type {string[]} */ (row.body.refs ?? [])));
}

/**
 * Brings one preview. Only what stops everything stops here: the original follows anyway.
 * @param {Item} row @param {Record<string, string>} headers
 */
export async function sendPreview(row, headers) {
  try {
    const bytes = await bytesOf(row.id);
    const picture = bytes ? await makePreview(new Blob([bytes], { type: row.mime ?? '' })) : null;
    if (picture) judge(await ask('PUT', `/sync/items/${row.id}/preview`, { bytes: picture, headers: { ...headers, 'Content-Type': 'image/jpeg' } }), NEVER);
  } catch (error) {
    if (error instanceof Pause) throw error;
    await note('preview', row.id, String(error));
  }
  await change(row.id, { previewed: true });
}
