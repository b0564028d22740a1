// @ts-check
import { heading, island, jobRows, keptForm, section, wordField } from './parts.js';
import { card } from './questions.js';
import { address, knownJobs } from '../readmodel.js';
import { thumb } from '../rows.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';
import { dayAndTime } from '../../lib/time.js';

/** @typedef {import('./parts.js').Page} Page */
/** @typedef {import('../readmodel.js').Job} Job */

/** @param {string} words what is searched for; '' for all @returns {Promise<Page>} */
export async function jobs(words) {
  const fresh = h('a', { class: 'btn', href: '/jobs/new' }, icon('plus'), t('Neuer Auftrag'));
  const all = await knownJobs();
  const found = words ? all.filter((job) => wordsOf(job).includes(words.toLocaleLowerCase())) : all;
  const search = h('form', { class: 'input-row', role: 'search', action: '/jobs' },
    h('input', { class: 'input', type: 'search', name: 'q', value: words, 'aria-label': t('Auftrag suchen'), placeholder: t('Auftrag suchen'), autocomplete: 'off' }),
    h('button', { class: 'btn icon-only', 'aria-label': t('Suchen') }, icon('search')));
  const list = words && found.length === 0 ? h('p', { class: 'empty' }, t('Kein Auftrag gefunden.')) : jobRows(found);
  return { title: t('Aufträge'), content: [h('div', { class: 'page-head' }, heading(t('Aufträge')), fresh), search, !words && island('near-jobs'), list] };
}

/** What a job is searched by. @param {Job} job */
export function wordsOf(job) {
  return [job.title, job.number, job.customer, job.street, job.city].join(' ').toLocaleLowerCase();
}

/** @returns {Page} */
export function newJob() {
  const form = keptForm('job', '/jobs', wordField('title', t('Name des Auftrags'), true), wordField('street', t('Straße'), false),
    wordField('city', t('Ort'), false, 100), h('button', { class: 'btn primary big' }, t('Auftrag anlegen')));
  return { title: t('Neuer Auftrag'), back: '/jobs', content: [heading(t('Neuer Auftrag')), form] };
}

/** @param {string} id @returns {Promise<Page | null>} null for a job this phone does not know */
export async function job(id) {
  const one = (await knownJobs()).find((candidate) => candidate.id === id);
  if (!one) return null;
  const hint = [one.number || t('neu, noch auf dem Handy'), one.customer].filter(Boolean).join(' · ');
  return { title: one.title, back: '/jobs', content: [
    h('div', {}, h('p', { class: 'sub num' }, hint), heading(one.title), address(one) && h('p', {}, address(one))),
    actions(one),
    island('missing-afters', { job: id, class: 'section' }), island('job-photos', { job: id }),
    ...asked(one), ...shot(one)] };
}

/** @param {Job} one */
function actions(one) {
  const contact = one.contact;
  const way = (/** @type {string} */ path, /** @type {string} */ sign, /** @type {string} */ words) => h('a', { class: 'btn', href: `${path}?job=${one.id}` }, icon(sign), words);
  const bar = h('div', { class: 'actions' },
    h('a', { class: 'btn primary', href: `/capture?job=${one.id}` }, icon('camera'), t('Foto')),
    way('/questions/new', 'question', t('Rückfrage')), way('/notes/new', 'note', t('Notiz')),
    contact?.phone && h('a', { class: 'btn', href: `tel:${contact.phone}` }, icon('phone-call'), contact.name),
    way('/calls/new', 'phone-call', t('Telefonnotiz')),
    contact && way(`/contacts/${contact.id}/consents/new`, 'check', t('Einwilligung')));
  const calls = island('call-way', { job: one.id, contact: contact?.id ?? '' });
  calls.append(bar);
  return calls;
}

/** @param {Job} one */
function asked(one) {
  if (one.questions.length === 0) return [];
  return [section(t('Rückfragen'), ...one.questions.map((question) => card(question)))];
}

/** @param {Job} one */
function shot(one) {
  if (one.photos.length === 0) return [];
  const cards = one.photos.map((photo) => h('li', { class: 'photo-card', id: `photo-${photo.id}` },
    h('a', { href: `/photos/${photo.id}` }, thumb(photo.thumb, photo.caption || t('Foto von {time}', { time: dayAndTime(photo.captured_at) })))));
  return [section(t('Neueste Fotos'), h('ul', { class: 'photo-grid' }, ...cards))];
}
