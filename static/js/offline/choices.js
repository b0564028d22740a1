// @ts-check
import { getMeta } from './db.js';
import { filedOn, jobOf, PICTURES, usedJobs } from './filings.js';
import { distance, nearest } from './nearness.js';
import { itemsOf } from './outbox.js';
import { address, knownJobs } from './readmodel.js';
import { activeSession } from './session.js';
import { t } from '../lib/text.js';

/** @typedef {import('./readmodel.js').Job} Job */
/** @typedef {import('./nearness.js').Point} Point */
/** @typedef {{ job: Job, name: string, why: string }} Offer a job, what tells it from all others, and the word that says why it is offered; '' for none */

/** A photo of the job this close in time was most likely taken there too. */
const SAME_VISIT_MS = 2 * 60 * 60_000;

/** @typedef {{ at?: number, place?: Point | null, fix?: Point | null }} About at: ms, when the thing in question was made; place: where; fix: where the phone is now */

/**
 * All jobs in the order they are likely meant: taken around the same time, last used, near by, own, the rest.
 * @param {About} [about] @returns {Promise<Offer[]>}
 */
export async function offers(about = {}) {
  return (await offering())(about);
}

/** The same for many things at once: what the phone knows is read once. @returns {Promise<(about: About) => Offer[]>} */
export async function offering() {
  const session = await activeSession();
  if (!session) return () => [];
  const [jobs, items, chosen] = await Promise.all([knownJobs(), itemsOf(session.actor), getMeta('last-job')]);
  const [used, byId] = [usedJobs(items), new Map(jobs.map((job) => [job.id, job]))];
  return ({ at, place, fix }) => distinct([
    ...(at ? visited(items, at).map((id) => [id, t('um diese Zeit')]) : []),
    ...(place ? around(place, jobs) : []),
    ...(chosen ? [[chosen.id, t('zuletzt')]] : []),
    ...used.filter((one) => isToday(one.at)).map((one, place) => [one.id, place === 0 ? t('zuletzt') : t('heute')]),
    ...around(fix, jobs),
    ...used.map((one) => [one.id, '']),
    ...jobs.map((job) => [job.id, job.local ? t('neu, noch auf dem Handy') : '']),
  ], byId, namesOf(jobs));
}

/** @param {Point | null | undefined} fix @param {Job[]} jobs */
function around(fix, jobs) {
  return nearest(fix, jobs).map(({ job, metres }) => [job.id, distance(metres)]);
}

/** Jobs whose own photos were taken closest to a moment, closest first. @param {import('./db.js').Item[]} items @param {number} at */
function visited(items, at) {
  const filed = filedOn(items);
  /** @type {Map<string, number>} */
  const gaps = new Map();
  for (const item of items) {
    const job = PICTURES.has(item.kind) ? jobOf(item, filed) : null;
    const gap = Math.abs((Date.parse(item.captured_at) || item.made_ms) - at);
    if (job && gap <= SAME_VISIT_MS) gaps.set(job, Math.min(gaps.get(job) ?? Infinity, gap));
  }
  return [...gaps].sort((a, b) => a[1] - b[1]).map(([id]) => id);
}

/** @param {number} at */
function isToday(at) {
  return new Date(at).toDateString() === new Date().toDateString();
}

/** What to call each job: its name, and before it the number (or the address) where others bear that name too. @param {Job[]} jobs @returns {Map<string, string>} by id */
export function namesOf(jobs) {
  /** @type {Map<string, number>} */
  const bearers = new Map();
  for (const { title } of jobs) bearers.set(title, (bearers.get(title) ?? 0) + 1);
  return new Map(jobs.map((job) => {
    const which = bearers.get(job.title) === 1 ? '' : job.number || address(job);
    return [job.id, which ? `${which} · ${job.title}` : job.title];
  }));
}

/** @param {string[][]} ranked @param {Map<string, Job>} jobs @param {Map<string, string>} names @returns {Offer[]} each job once, at its best place */
function distinct(ranked, jobs, names) {
  /** @type {Map<string, string>} */
  const seen = new Map();
  for (const [id, why] of ranked) if (!seen.has(id)) seen.set(id, why);
  return [...seen].flatMap(([id, why]) => {
    const job = jobs.get(id);
    return job ? [{ job, name: names.get(id) ?? job.title, why }] : [];
  });
}
