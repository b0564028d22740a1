// @ts-check
import { aboutJob, formPage, island, keptForm, textField } from './parts.js';
import { thumb } from '../rows.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';
import { dayAndTime } from '../../lib/time.js';

/** @typedef {import('./parts.js').Page} Page */

/** @param {string} id @param {string[]} photos ids ticked beforehand @returns {Promise<Page>} */
export async function question(id, photos) {
  const about = await aboutJob(id);
  const { one, field } = about;
  const picks = (one?.photos ?? []).map((photo) => h('li', { class: 'photo-card' },
    thumb(photo.thumb, photo.caption),
    h('label', { class: 'photo-pick' }, h('input', { type: 'checkbox', name: 'photos', value: photo.id, checked: photos.includes(photo.id), 'aria-label': t('Foto von {time}', { time: dayAndTime(photo.captured_at) }) }))));
  const form = keptForm('question', '/questions', field,
    textField('text', t('Frage an den Kunden'), { most: 1000 }),
    h('fieldset', { class: 'field' }, h('legend', {}, t('Antworten zum Antippen')), ...[1, 2, 3].map(choiceField)),
    ...(picks.length > 0 ? [h('ul', { class: 'photo-grid' }, ...picks)] : []),
    island('own-photos', { job: one?.id ?? '', hidden: '' }),
    h('button', { class: 'btn send big' }, icon('send'), t('Rückfrage sichern')));
  return formPage(t('Rückfrage'), about, form);
}

/** @param {number} place */
function choiceField(place) {
  return h('input', { class: 'input', name: 'choices', maxlength: 60, autocomplete: 'off', 'aria-label': t('Antwort {n}', { n: place }) });
}

/** @param {string} id @param {string} words to begin with, from another app @returns {Promise<Page>} */
export async function note(id, words) {
  const about = await aboutJob(id);
  const form = keptForm('note', '/notes', about.field, textField('text', t('Notiz'), { words }), h('button', { class: 'btn primary big' }, icon('check'), t('Notiz sichern')));
  return formPage(t('Notiz'), about, island('voice-note', { job: id }), form);
}

/** @param {URLSearchParams} given job, contact, question, outcome @returns {Promise<Page>} */
export async function call(given) {
  const about = await aboutJob(given.get('job') ?? '');
  const contact = about.one?.contact;
  const asked = about.one?.questions.find((one) => one.id === given.get('question'));
  const spoken = island('dictated-text');
  spoken.append(textField('text', t('Was wurde besprochen?'), { required: false }));
  const form = keptForm('call', '/calls', about.field,
    radios('direction', t('Wer rief an?'), [['out', t('wir riefen an')], ['in', t('Anruf kam herein')]], 'out'),
    radios('outcome', t('Ergebnis'), [['reached', t('erreicht')], ['missed', t('nicht erreicht')], ['mailbox', t('Mailbox')], ['callback', t('ruft zurück')]], given.get('outcome') ?? ''),
    ...answers(asked), spoken,
    ...(contact ? [withWhom(contact)] : []),
    radios('again', t('Wieder anrufen'), [['0', t('nein')], ['1', t('morgen')], ['3', t('in 3 Tagen')], ['7', t('in einer Woche')]], '0'),
    h('div', { class: 'field' }, h('label', { for: 'follow_up' }, t('oder am')), h('input', { class: 'input', type: 'date', id: 'follow_up', name: 'follow_up' })),
    h('button', { class: 'btn primary big' }, icon('check'), t('Telefonnotiz sichern')));
  return formPage(t('Telefonnotiz'), about, ...(about.one && contact?.phone && !given.get('outcome') ? [dial(about.one.id, contact, asked)] : []), form);
}

/** The number above its note. @param {string} job @param {{ id: string, name: string, phone?: string }} contact @param {import('../readmodel.js').Question | undefined} asked */
function dial(job, { id, name, phone = '' }, asked) {
  const way = island('call-way', { quiet: '', job, contact: id, question: asked?.id ?? '', name });
  way.append(h('a', { class: 'btn send big full', href: `tel:${phone}` }, icon('phone-call'), t('{name} anrufen', { name: phone })));
  return way;
}

/** The question the call may answer. @param {import('../readmodel.js').Question | undefined} asked */
function answers(asked) {
  if (!asked) return [];
  const parts = [h('input', { type: 'hidden', name: 'question', value: asked.id }), h('p', { class: 'ask-text' }, asked.text)];
  const choices = asked.choices.map((title, place) => /** @type {[string, string]} */ ([`c${place + 1}`, String(title)]));
  return choices.length > 0 ? [...parts, radios('choice', t('Seine Antwort'), [['', t('noch keine')], ...choices], '')] : parts;
}

/** @param {{ id: string, name: string }} contact */
function withWhom({ id, name }) {
  return h('div', { class: 'field' }, h('label', { for: 'contact' }, t('Mit wem?')),
    h('select', { class: 'input', id: 'contact', name: 'contact' }, h('option', { value: id }, name), h('option', { value: '' }, t('jemand anderes'))));
}

/** @param {string} name @param {string} label @param {[string, string][]} choices @param {string} chosen */
function radios(name, label, choices, chosen) {
  return h('fieldset', { class: 'field' }, h('legend', {}, label), h('div', { class: name === 'outcome' ? 'segmented call-outcomes' : 'segmented' },
    ...choices.map(([value, words]) => h('label', {}, h('input', { type: 'radio', name, value, required: name === 'outcome', checked: value === chosen }), h('span', {}, words)))));
}
