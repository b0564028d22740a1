// @ts-check
import { read, write } from './db.js';
import { inStates, UNSENT } from './outbox.js';
import { keepScreen } from './overlays.js';
import { activeSession, isLeaving } from './session.js';
import { ask, judge } from '../lib/http.js';

/**
 * @typedef {{ id: string, thumb: string, captured_at: string, phase: string | null, caption: string, review: string, review_note: string, medium?: string }} Photo
 * @typedef {{ id: string, text: string, state: string, choices: any[], answer: any }} Question
 * @typedef {{ id: string, number: string, title: string, customer: string, street: string, city: string, mine: boolean,
 *   members?: any[], photos: Photo[], questions: Question[], contact: { id: string, name: string, phone?: string } | null, local?: boolean,
 *   state?: string, sticker?: string, place?: { lat: number, lon: number } | null }} Job
 * @typedef {{ id: string, thumb: string, captured_at: string, medium?: string }} Unsorted
 * @typedef {{ id: string, job: string, thumb: string, captured_at: string, caption: string }} Before
 * @typedef {{ user: { id: string, name: string }, company: { name: string, position_enabled: boolean }, jobs: Job[],
 *   retakes: { photo: string, job: string, note: string }[], unsorted?: Unsorted[], befores?: Before[], consents?: Words, at: string }} Model
 * @typedef {{ version: string, reference: string, partners: { id: string, name: string, sharing: string }[],
 *   channels: { kind: string, name: string, service: string, advertising: string, instead: string }[] }} Words what people agree to, with `{number}` and `{site}`
 */

const FRESH_MS = 60_000;
const WARM_AT_MOST = 120;
/** To be laid over the camera's picture, the thumb is too coarse: a quarter megabyte each. */
const SCREENS_AT_MOST = 40;

/** What the server last said this user may see, or null. @returns {Promise<Model | null>} */
export async function readModel() {
  const session = await activeSession();
  if (!session) return null;
  return (await keptModel(session.cacheKey))?.model ?? null;
}

/** When this phone last heard from the office what there is, or null. @returns {Promise<number | null>} ms */
export async function modelTime() {
  const session = await activeSession();
  return session ? (await keptModel(session.cacheKey))?.fetched_ms ?? null : null;
}

/** @type {Promise<void> | null} */
let refreshing = null;

/** Fetches the read model if the kept one is older than a minute; keeps the old one when that fails. */
export function refresh() {
  refreshing ??= renew().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function renew() {
  const session = await activeSession();
  if (!session) return;
  const kept = await keptModel(session.cacheKey);
  // Either way: a clock that was ahead once must not keep the list for years.
  if (kept && Math.abs(Date.now() - kept.fetched_ms) < FRESH_MS) return warm(kept, session.cacheKey);
  const model = await fetchModel();
  if (model?.user?.id !== session.actor || (await isLeaving())) return;
  const fresh = { model, fetched_ms: Date.now(), warm: false };
  await keep(fresh, session.cacheKey);
  await warm(fresh, session.cacheKey);
}

/** @typedef {{ model: Model, fetched_ms: number, warm: boolean }} Kept */

/** @param {string} key @returns {Promise<Kept | undefined>} */
function keptModel(key) {
  return read(['readmodel'], (tx) => tx.objectStore('readmodel').get(key));
}

/** @param {Kept} kept @param {string} key */
function keep(kept, key) {
  return write(['readmodel'], (tx) => tx.objectStore('readmodel').put(kept, key));
}

/** @returns {Promise<Model | null>} */
async function fetchModel() {
  try {
    return judge(await ask('GET', '/sync/read-model')).json;
  } catch {
    return null;
  }
}

/**
 * Looks at the newest thumbs once, so that the worker keeps them for the cellar.
 * @param {Kept} kept @param {string} key
 */
async function warm(kept, key) {
  if (kept.warm || !navigator.serviceWorker?.controller || /** @type {any} */ (navigator).connection?.saveData) return;
  const { jobs, unsorted = [], befores = [] } = kept.model;
  const faces = jobs.flatMap((job) => job.photos.slice(0, 1));
  const newest = jobs.filter((job) => job.mine).flatMap((job) => job.photos);
  // A photo often has several of these parts; one without a picture (voice, a broken file) has no address.
  const thumbs = new Set([...unsorted, ...befores, ...faces, ...newest].map((photo) => photo.thumb).filter(Boolean));
  for (const thumb of [...thumbs].slice(0, WARM_AT_MOST)) await fetch(thumb, { priority: 'low' }).catch(() => null);
  for (const before of befores.slice(0, SCREENS_AT_MOST)) await keepScreen(before.id, key);
  await markWarm(kept, key);
}

/** Another window may have fetched a newer list meanwhile: that one stands. @param {Kept} kept @param {string} key */
function markWarm(kept, key) {
  return write(['readmodel'], async (tx) => {
    const models = tx.objectStore('readmodel');
    const now = await models.get(key);
    if (now?.fetched_ms === kept.fetched_ms) await models.put({ ...now, warm: true }, key);
  });
}

/** Jobs as this phone knows them: the server's and those made here, own ones first. @returns {Promise<Job[]>} */
export async function knownJobs() {
  const session = await activeSession();
  if (!session) return [];
  const [model, made] = await Promise.all([readModel(), localJobs()]);
  const jobs = model?.jobs ?? [];
  return [...made, ...jobs.filter((job) => job.mine), ...jobs.filter((job) => !job.mine)];
}

/** Jobs made on this phone that the kept read model does not know yet, newest first. @returns {Promise<Job[]>} */
export async function localJobs() {
  const session = await activeSession();
  if (!session) return [];
  const [model, rows] = await Promise.all([readModel(), inStates(session.actor, [...UNSENT, 'stored', 'linked'])]);
  const there = new Set((model?.jobs ?? []).map((job) => job.id));
  return rows.filter((row) => row.kind === 'job' && !there.has(row.id)).map(localJob).reverse();
}

/** @param {import('./db.js').Item} row @returns {Job} */
function localJob(row) {
  const { title, street = '', city = '' } = /** @type {Record<string, string>} */ (row.body);
  return { id: row.id, number: '', title, customer: '', street, city, mine: true, photos: [], questions: [], contact: null, local: true };
}

/** Address in one line. @param {Job} job */
export function address(job) {
  return [job.street, job.city].filter(Boolean).join(', ');
}
