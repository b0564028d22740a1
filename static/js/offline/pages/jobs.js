// @ts-check
import { heading, island, jobRows, keptForm, section, wordField } from './parts.js';
import { address, knownJobs } from '../readmodel.js';
import { thumb } from '../rows.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';
import { dayAndTime } from '../../lib/time.js';

/** @typedef {import('./parts.js').Page} Page */
/** @typedef {import('../readmodel.js').Job} Job */
/** @typedef {import('../readmodel.js').Question} Question */

/** @returns {Promise<Page>} */
export async function jobs() {
  const fresh = h('a', { class: 'btn', href: '/jobs/new' }, icon('plus'), t('Neuer Auftrag'));
  return { title: t('Aufträge'), content: [h('div', { class: 'page-head' }, heading(t('Aufträge')), fresh), island('near-jobs'), jobRows(await knownJobs())] };
}

/** @returns {Page} */
export function newJob() {
  const form = keptForm('job', '/jobs', wordField('title', t('Name des Auftrags'), true), wordField('street', t('Straße'), false),
    wordField('city', t('Ort'), false), h('button', { class: 'btn primary big' }, t('Auftrag anlegen')));
  return { title: t('Neuer Auftrag'), content: [heading(t('Neuer Auftrag')), form] };
}

/** @param {string} id @returns {Promise<Page | null>} null for a job this phone does not know */
export async function job(id) {
  const one = (await knownJobs()).find((candidate) => candidate.id === id);
  if (!one) return null;
  const hint = [one.number || t('neu, noch auf dem Handy'), one.customer].filter(Boolean).join(' · ');
  return { title: one.title, content: [
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
    way('/calls/new', 'phone-call', t('Telefonnotiz')));
  const calls = island('call-way', { job: one.id });
  calls.append(bar);
  return calls;
}

/** @param {Job} one */
function asked(one) {
  if (one.questions.length === 0) return [];
  return [section(t('Rückfragen'), ...one.questions.map(question))];
}

/** @param {Question} one */
function question(one) {
  return h('article', { class: 'ask', id: `question-${one.id}` },
    h('p', { class: 'entry-head' }, h('span', { class: 'tag cust' }, stateOf(one.state))),
    h('p', { class: 'ask-text' }, one.text),
    one.choices.length > 0 && h('ul', { class: 'choices' }, ...one.choices.map((choice) => h('li', { class: picked(one, choice) }, String(choice)))),
    one.answer && h('div', { class: 'bubbles' }, h('p', { class: 'bubble' }, answerText(one.answer))));
}

/** @param {Question} one @param {unknown} choice */
function picked(one, choice) {
  return one.answer && answerText(one.answer) === String(choice) ? 'choice picked' : 'choice';
}

/** The words of templates/questions/_words.html; a state from a newer server stays unnamed. @param {string} state */
function stateOf(state) {
  const words = {
    waiting_release: t('wartet auf Freigabe'), queued: t('freigegeben'), sent: t('übergeben'), delivered: t('zugestellt'), read: t('gelesen'),
    answered: t('beantwortet'), handed_off: t('von Hand übergeben'), blocked: t('angehalten'), failed: t('nicht angekommen'),
    unclear: t('unklar, ob angekommen'), withdrawn: t('zurückgezogen'), draft: t('Entwurf'),
  };
  return words[/** @type {'draft'} */ (state)] ?? t('Rückfrage');
}

/** @param {any} answer text, or an object that carries it */
function answerText(answer) {
  return typeof answer === 'string' ? answer : String(answer.text ?? answer.choice ?? '');
}

/** @param {Job} one */
function shot(one) {
  if (one.photos.length === 0) return [];
  const cards = one.photos.map((photo) => h('li', { class: 'photo-card', id: `photo-${photo.id}` },
    thumb(photo.thumb, photo.caption || t('Foto von {time}', { time: dayAndTime(photo.captured_at) }))));
  return [section(t('Neueste Fotos'), h('ul', { class: 'photo-grid' }, ...cards))];
}
