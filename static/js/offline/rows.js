// @ts-check
import { address } from './readmodel.js';
import { h, icon } from '../lib/dom.js';
import { n, t } from '../lib/text.js';

/** @typedef {import('./readmodel.js').Job} Job */

const DONE = new Set(['answered', 'withdrawn', 'draft']);

/** One job as in templates/jobs/_row.html, from what this phone knows. @param {Job} one @param {string} [mark] a word beside the number */
export function jobRow(one, mark = '') {
  const number = [one.number || t('neu, noch auf dem Handy'), one.customer].filter(Boolean).join(' · ');
  return h('a', { class: 'job-row', href: `/jobs/${one.id}` },
    h('span', { class: 'job-row-photo' }, one.photos[0] ? thumb(one.photos[0].thumb, '') : icon('image')),
    h('span', { class: 'job-row-body' },
      h('span', { class: 'job-row-head' }, h('span', { class: 'job-row-number' }, number), mark ? h('span', { class: 'tag' }, mark) : answered(one)),
      h('span', { class: 'job-row-name' }, one.title),
      h('span', { class: 'job-row-place' }, address(one) || t('noch ohne Adresse'))));
}

/** A thumb that the worker may have kept; where it has not, the drawing of a picture. @param {string} src '' where there is none @param {string} alt */
export function thumb(src, alt) {
  if (!src) return missing(alt);
  const image = h('img', { src, alt, width: 64, height: 64 });
  image.addEventListener('error', () => image.replaceWith(missing(alt)), { once: true });
  return image;
}

/** @param {string} alt */
function missing(alt) {
  return h('span', { class: 'photo-missing', ...(alt && { role: 'img', 'aria-label': alt }) }, icon('image'));
}

/** @param {Job} one */
function answered({ questions }) {
  const answers = questions.filter((question) => question.answer).length;
  if (answers > 0) return h('span', { class: 'tag cust' }, n(answers, '{n} Antwort', '{n} Antworten'));
  const open = questions.filter(({ state }) => !DONE.has(state)).length;
  return open > 0 ? h('span', { class: 'tag' }, n(open, '{n} Rückfrage offen', '{n} Rückfragen offen')) : null;
}
