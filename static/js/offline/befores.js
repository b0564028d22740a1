// @ts-check
import { filedOn, jobOf } from './filings.js';
import { bytesOf, itemsOf } from './outbox.js';
import { screenOf } from './overlays.js';
import { readModel } from './readmodel.js';
import { activeSession } from './session.js';

/**
 * A photo from before that has no picture after. `thumb` is the server's address, '' for what lies on this phone.
 * @typedef {import('./readmodel.js').Before} Before
 * @typedef {import('./db.js').Item} Item
 */

const SAFE = new Set(['stored', 'linked', 'purgeable']);

/** As the office knows them and as they lie on this phone, less those a picture was taken over here since; newest first. @returns {Promise<Before[]>} */
export async function openBefores() {
  const session = await activeSession();
  if (!session) return [];
  const [model, items] = await Promise.all([readModel(), itemsOf(session.actor)]);
  const done = new Set(items.map((item) => item.body.pair_of).filter(Boolean));
  const there = model?.befores ?? [];
  const known = new Set(there.map((before) => before.id));
  const asked = Date.parse(model?.at ?? '');
  const filed = filedOn(items);
  const here = items.filter((item) => isBefore(item) && !known.has(item.id) && !settled(item, asked)).map((item) => own(item, jobOf(item, filed)));
  return [...here, ...there].filter((before) => !done.has(before.id)).sort((a, b) => Date.parse(b.captured_at) - Date.parse(a.captured_at));
}

/** @param {Item} item */
function isBefore(item) {
  return item.kind === 'photo' && item.body.phase === 'before' && item.state !== 'lost-bytes';
}

/** The office had it when it last told which are open, and did not name it. @param {Item} item @param {number} asked ms */
function settled(item, asked) {
  return SAFE.has(item.state) && (item.acked_ms ?? 0) < asked;
}

/** @param {Item} item @param {string | null} job @returns {Before} */
function own(item, job) {
  return { id: item.id, job: job ?? '', thumb: '', captured_at: item.captured_at, caption: String(item.body.caption ?? '') };
}

/** The picture to lay over the camera's, best first: the original here, the office's screen size, its thumb. @param {Before} before @returns {AsyncGenerator<Blob>} */
export async function* pictures(before) {
  const bytes = await bytesOf(before.id);
  if (bytes) yield new Blob([bytes]);
  const screen = await screenOf(before.id);
  if (screen) yield screen;
  const thumb = before.thumb && (await fetch(before.thumb).catch(() => null));
  if (thumb && thumb.ok) yield await thumb.blob();
}
