// @ts-check
import { heading } from './parts.js';
import { knownJobs } from '../readmodel.js';
import { thumb } from '../rows.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';
import { dayAndTime } from '../../lib/time.js';

/** @typedef {import('./parts.js').Page} Page */

/** A photo of a job as far as this phone knows it: small, with its words and what can be done. @param {string} id @returns {Promise<Page | null>} */
export async function photo(id) {
  const jobs = await knownJobs();
  const job = jobs.find((one) => one.photos.some((two) => two.id === id));
  const one = job?.photos.find((two) => two.id === id);
  if (!job || !one) return null;
  const title = t('Foto von {time}', { time: dayAndTime(one.captured_at) });
  return { title, back: `/jobs/${job.id}`, content: [
    h('div', {}, h('p', { class: 'sub' }, job.title), heading(title)),
    h('div', { class: 'photo-view small-view' }, thumb(one.thumb, one.caption || title)),
    one.caption && h('p', {}, one.caption),
    one.review_note && h('p', { class: 'banner warn' }, one.review_note),
    h('p', { class: 'sub' }, t('Ohne Netz nur klein.')),
    h('div', { class: 'actions' }, h('a', { class: 'btn primary', href: `/capture?job=${job.id}` }, icon('camera'), t('Foto')),
      h('a', { class: 'btn', href: `/questions/new?job=${job.id}&photos=${id}` }, icon('question'), t('Rückfrage')))] };
}
