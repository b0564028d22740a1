// @ts-check
import { SIGN_IN } from './addresses.js';
import { address, knownJobs, readModel } from './readmodel.js';
import { jobRow, thumb } from './rows.js';
import { activeSession } from './session.js';
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { dayAndTime } from '../lib/time.js';

/** @typedef {import('./readmodel.js').Job} Job */
/** @typedef {{ title: string, content: import('../lib/dom.js').Child[] }} Page */

/**
 * The page of an address, drawn from this phone alone.
 * @param {URL} url
 * @returns {Promise<Page>}
 */
export async function render(url) {
  if (!(await activeSession())) return signedOut();
  const [, first, second] = url.pathname.split('/');
  const wanted = url.searchParams.get('job') ?? '';
  if (first === '' || first === 'offline') return today();
  if (first === 'jobs' && !second) return jobs();
  if (first === 'jobs' && second === 'new') return newJob();
  if (first === 'jobs') return job(second);
  if (first === 'capture') return { title: t('Foto aufnehmen'), content: [document.createElement('photo-capture')] };
  if (first === 'unsent') return { title: t('Noch auf dem Handy'), content: [heading(t('Noch auf dem Handy')), document.createElement('unsent-list')] };
  if (first === 'questions' && second === 'new') return question(wanted, url.searchParams.getAll('photos'));
  if (first === 'notes' && second === 'new') return words(wanted);
  return nothing();
}

/** @param {string} text */
function heading(text) {
  return h('h1', {}, text);
}

/** @returns {Page} */
function signedOut() {
  const door = h('a', { class: 'btn primary', href: SIGN_IN }, t('Anmelden'));
  return { title: t('Abgemeldet'), content: [heading(t('Abgemeldet')), h('p', {}, t('Zum Anmelden wird Netz gebraucht. Was auf dem Handy wartet, bleibt für seinen Besitzer hier.')), door] };
}

/** @returns {Page} */
function nothing() {
  return { title: t('Offline'), content: [heading(t('Diese Seite braucht Netz')), h('p', {}, t('Fotografieren, Aufträge ansehen, Rückfragen und Notizen gehen auch ohne.')), ...ways()] };
}

function ways() {
  return [h('div', { class: 'actions' }, h('a', { class: 'btn primary', href: '/capture' }, icon('camera'), t('Foto')), h('a', { class: 'btn', href: '/jobs' }, icon('jobs'), t('Aufträge')))];
}

/** @returns {Promise<Page>} */
async function today() {
  const [model, all] = await Promise.all([readModel(), knownJobs()]);
  const titles = new Map(all.map((one) => [one.id, one.title]));
  const retakes = (model?.retakes ?? []).map((one) => h('li', { class: 'banner warn' },
    h('span', {}, t('Nochmal aufnehmen: {job}', { job: titles.get(one.job) ?? '' }), one.note && h('br'), one.note),
    h('a', { class: 'btn small', href: `/capture?job=${one.job}` }, t('Foto'))));
  return { title: t('Heute'), content: [heading(model ? t('Hallo, {name}', { name: model.user.name }) : t('Heute')),
    ...(retakes.length > 0 ? [h('ul', { class: 'stack' }, ...retakes)] : []),
    section(t('Eigene Aufträge'), jobRows(all.filter((one) => one.mine)))] };
}

/** @returns {Promise<Page>} */
async function jobs() {
  const fresh = h('a', { class: 'btn', href: '/jobs/new' }, icon('plus'), t('Neuer Auftrag'));
  return { title: t('Aufträge'), content: [heading(t('Aufträge')), h('div', { class: 'actions' }, fresh), jobRows(await knownJobs())] };
}

/** @returns {Page} */
function newJob() {
  const form = keptForm('job', '/jobs', wordField('title', t('Name des Auftrags'), true), wordField('street', t('Straße'), false),
    wordField('city', t('Ort'), false), h('button', { class: 'btn primary big' }, t('Auftrag anlegen')));
  return { title: t('Neuer Auftrag'), content: [heading(t('Neuer Auftrag')), form] };
}

/** @param {string} name @param {string} label @param {boolean} required */
function wordField(name, label, required) {
  return h('div', { class: 'field' }, h('label', { for: name }, label), h('input', { class: 'input', id: name, name, required, maxlength: 200, autocomplete: 'off' }));
}

/** @param {string} title @param {...Node} content */
function section(title, ...content) {
  return h('section', { class: 'section' }, h('h2', {}, title), ...content);
}

/** @param {Job[]} list */
function jobRows(list) {
  if (list.length === 0) return h('p', { class: 'empty' }, t('Noch keine Aufträge auf diesem Handy. Mit Netz einmal „Aufträge“ öffnen.'));
  return h('div', { class: 'job-rows' }, ...list.map(jobRow));
}

/** @param {string} id @returns {Promise<Page>} */
async function job(id) {
  const one = (await knownJobs()).find((candidate) => candidate.id === id);
  if (!one) return nothing();
  const hint = [one.number, address(one), one.customer].filter(Boolean).join(' · ');
  const pending = document.createElement('job-photos');
  pending.setAttribute('job', id);
  return { title: one.title, content: [
    h('div', { class: 'stack tight' }, heading(one.title), h('p', { class: 'sub num' }, hint)),
    h('div', { class: 'actions' },
      h('a', { class: 'btn primary', href: `/capture?job=${id}` }, icon('camera'), t('Foto')),
      h('a', { class: 'btn', href: `/questions/new?job=${id}` }, icon('question'), t('Rückfrage')),
      h('a', { class: 'btn', href: `/notes/new?job=${id}` }, icon('note'), t('Notiz'))),
    pending, ...asked(one), ...shot(one)] };
}

/** @param {Job} one */
function asked(one) {
  return one.questions.map((question) => h('article', { class: 'ask', id: `question-${question.id}` },
    h('p', { class: 'ask-text' }, question.text),
    question.answer && h('p', { class: 'bubble' }, answerText(question.answer))));
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

/** The job a form is about: the one of the address, or one to choose. @param {string} id */
async function aboutJob(id) {
  const all = await knownJobs();
  const one = all.find((candidate) => candidate.id === id);
  if (one) return { one, field: h('input', { type: 'hidden', name: 'job', value: id }), title: one.title };
  const choices = all.map((job) => h('option', { value: job.id }, [job.number, job.title].filter(Boolean).join(' · ')));
  const field = h('div', { class: 'field' }, h('label', { for: 'job' }, t('Auftrag')),
    h('select', { class: 'input', id: 'job', name: 'job' }, h('option', { value: '' }, t('Ohne Auftrag')), ...choices));
  return { one, field, title: '' };
}

/** @param {string} kind @param {string} action @param {...Node} content */
function keptForm(kind, action, ...content) {
  const wrapper = document.createElement('offline-form');
  wrapper.setAttribute('kind', kind);
  wrapper.append(h('form', { class: 'form', method: 'post', action }, ...content));
  return wrapper;
}

/** @param {string} id @param {string[]} photos @returns {Promise<Page>} */
async function question(id, photos) {
  const { one, field, title } = await aboutJob(id);
  const picks = (one?.photos ?? []).map((photo) => h('li', { class: 'photo-card' },
    thumb(photo.thumb, photo.caption),
    h('label', { class: 'photo-pick' }, h('input', { type: 'checkbox', name: 'photos', value: photo.id, checked: photos.includes(photo.id), 'aria-label': t('Foto von {time}', { time: dayAndTime(photo.captured_at) }) }))));
  const form = keptForm('question', '/questions', field,
    textField('text', t('Frage an den Kunden')),
    h('fieldset', { class: 'field' }, h('legend', {}, t('Antworten zum Antippen')), ...[1, 2, 3].map(choiceField)),
    h('ul', { class: 'photo-grid' }, ...picks),
    h('button', { class: 'btn primary big' }, t('Rückfrage sichern')));
  return { title: t('Rückfrage'), content: [heading(t('Rückfrage')), title && h('p', { class: 'sub' }, title), form] };
}

/** @param {number} place */
function choiceField(place) {
  return h('input', { class: 'input', name: 'choices', maxlength: 60, autocomplete: 'off', 'aria-label': t('Antwort {n}', { n: place }) });
}

/** @param {string} id @returns {Promise<Page>} */
async function words(id) {
  const { field, title } = await aboutJob(id);
  const form = keptForm('note', '/notes', field, textField('text', t('Notiz')), h('button', { class: 'btn primary big' }, t('Notiz sichern')));
  return { title: t('Notiz'), content: [heading(t('Notiz')), title && h('p', { class: 'sub' }, title), form] };
}

/** @param {string} name @param {string} label */
function textField(name, label) {
  return h('div', { class: 'field' }, h('label', { for: name }, label), h('textarea', { class: 'input', id: name, name, required: true, maxlength: 2000, rows: 4 }));
}
