// @ts-check
import { tell } from './changes.js';
import { write } from './db.js';
import { filedOn, jobOf, PICTURES } from './filings.js';
import { enqueue, itemsOf } from './outbox.js';
import { readModel } from './readmodel.js';
import { activeSession } from './session.js';
import { localIso } from '../lib/time.js';

/** @typedef {import('./db.js').Item} Item */
/**
 * A photo, clip or voice note without a job. `thumb` is the server's address, null for what lies on this phone.
 * @typedef {{ id: string, at: number, kind: string, thumb: string | null, position: import('./nearness.js').Point | null }} Loose
 */

/** As many as the server takes with one filing. */
const REFS_AT_MOST = 50;
const SAFE = new Set(['stored', 'linked', 'purgeable']);
const KIND_OF = { image: 'photo', video: 'video', audio: 'voice' };

/** All that waits for a job: what lies on this phone and what the office has of this person. @returns {Promise<Loose[]>} */
export async function looseOnes() {
  const session = await activeSession();
  if (!session) return [];
  const [items, model] = await Promise.all([itemsOf(session.actor), readModel()]);
  const filed = filedOn(items);
  const there = (model?.unsorted ?? []).filter((photo) => !filed.has(photo.id));
  const known = new Set(there.map((photo) => photo.id));
  const asked = Date.parse(model?.at ?? '');
  const here = items.filter((item) => PICTURES.has(item.kind) && !jobOf(item, filed) && !known.has(item.id) && !settled(item, asked));
  return [...here.map(ofItem), ...there.map((photo) => ofModel(photo, items))].sort((a, b) => a.at - b.at);
}

/** The office had it when it last told what is unsorted, and did not name it: it has a job. @param {Item} item @param {number} asked ms */
function settled(item, asked) {
  return SAFE.has(item.state) && (item.acked_ms ?? 0) < asked;
}

/** @param {Item} item @returns {Loose} */
function ofItem(item) {
  const position = /** @type {any} */ (item.body.position);
  return { id: item.id, at: timeOf(item), kind: item.kind, thumb: null, position: position ? { lat: position.lat, lon: position.lon } : null };
}

/** When it was taken; a clock that was wrong then is wrong here too, but only order and gaps count. @param {Item} item */
function timeOf(item) {
  return Date.parse(item.captured_at) || item.made_ms;
}

/** @param {{ id: string, thumb: string, captured_at: string, medium?: string }} photo @param {Item[]} items @returns {Loose} */
function ofModel(photo, items) {
  const item = items.find((one) => one.id === photo.id);
  if (item) return { ...ofItem(item), thumb: photo.thumb };
  const kind = KIND_OF[/** @type {'image'} */ (photo.medium ?? 'image')] ?? 'photo';
  return { id: photo.id, at: Date.parse(photo.captured_at), kind, thumb: photo.thumb, position: null };
}

/**
 * Files photos with a job: kept on this phone first, like everything.
 * @param {{ id: string }[]} photos @param {{ id: string, title: string }} job
 * @returns {Promise<string[]>} ids of what was kept, to take it back
 */
export async function file(photos, job) {
  const session = await activeSession();
  if (!session) throw new Error('signed out');
  const made = [];
  for (let from = 0; from < photos.length; from += REFS_AT_MOST) {
    const refs = photos.slice(from, from + REFS_AT_MOST).map((photo) => photo.id);
    const fields = { refs, job_hint: job.title };
    made.push((await enqueue({ owner: session.actor, kind: 'filing', job: job.id, captured_at: localIso(), fields })).id);
  }
  return made;
}

/** Takes filings back that nobody else knows yet. @param {string[]} ids @returns {Promise<boolean>} false when one has left already */
export async function takeBack(ids) {
  const session = await activeSession();
  return session ? takeOut(session.actor, ids) : false;
}

/**
 * Takes items back that nothing has been sent of: all of them or none.
 * @param {string} owner @param {string[]} ids @returns {Promise<boolean>} whether they are gone
 */
async function takeOut(owner, ids) {
  const gone = await write(['items'], async (tx) => {
    const items = tx.objectStore('items');
    const rows = await Promise.all(ids.map((id) => items.get(id)));
    if (!rows.every((row) => row?.owner === owner && row.state === 'queued' && !row.announced)) return false;
    await Promise.all(ids.map((id) => items.delete(id)));
    return true;
  });
  if (gone) tell(null);
  return gone;
}
