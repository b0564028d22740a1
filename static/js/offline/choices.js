// @ts-check
import { getMeta } from './db.js';
import { filedOn, jobOf, PICTURES, usedJobs } from './filings.js';
import { distance, nearest } from './nearness.js';
import { itemsOf } from './outbox.js';
import { knownJobs } from './readmodel.js';
import { activeSession } from './session.js';
import { t } from '../lib/text.js';

/** @typedef {import('./readmodel.js').Job} Job */
/** @typedef {import('./nearness.js').Point} Point */
/** @typedef {{ job: Job, why: string }} Offer a job and the word that says why it is offered; '' for none */

/** A photo of the job this close in time was most likely taken there too. */
const SAME_VISIT_MS = 2 * 60 * 60_000;

/**
 * All jobs in the order they are likely meant: taken around the same time, last used, near by, own, the rest.
 * @param {{ at?: number, place?: Point | null, fix?: Point | null }} [about] at: ms, when the thing in question was made
 * @returns {Promise<Offer[]>}
 */
export async function offers({ at, place, fix } = {}) {
  const session = await activeSession();
  if (!session) return [];
  const [jobs, items, chosen] = await Promise.all([knownJobs(), itemsOf(session.actor), getMeta('last-job')]);
  const used = usedJobs(items);
  const near = nearest(place ?? fix, jobs);
  const ranked = [
    ...(at ? visited(items, at).map((id) => [id, t('um diese Zeit')]) : []),
    ...(place ? near.map(({ job, metres }) => [job.id, distance(metres)]) : []),
    ...(chosen ? [[chosen.id, t('zuletzt')]] : []),
    ...used.filter((one) => isToday(one.at)).map((one, place) => [one.id, place === 0 ? t('zuletzt') : t('heute')]),
    ...near.map(({ job, metres }) => [job.id, distance(metres)]),
    ...used.map((one) => [one.id, '']),
    ...jobs.map((job) => [job.id, job.local ? t('neu, noch auf dem Handy') : '']),
  ];
  return distinct(ranked, new Map(jobs.map((job) => [job.id, job])));
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

/** @param {string[][]} ranked @param {Map<string, Job>} jobs @returns {Offer[]} each job once, at its best place */
function distinct(ranked, jobs) {
  /** @type {Map<string, string>} */
  const seen = new Map();
  for (const [id, why] of ranked) if (!seen.has(id)) seen.set(id, why);
  return [...seen].flatMap(([id, why]) => {
    const job = jobs.get(id);
    return job ? [{ job, why }] : [];
  });
}
