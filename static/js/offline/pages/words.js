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
    textField('text', t('Frage an den Kunden')),
    h('fieldset', { class: 'field' }, h('legend', {}, t('Antworten zum Antippen')), ...[1, 2, 3].map(choiceField)),
    ...(picks.length > 0 ? [h('ul', { class: 'photo-grid' }, ...picks)] : []),
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

/** @param {string} id @returns {Promise<Page>} */
export async function call(id) {
  const about = await aboutJob(id);
  const form = keptForm('call', '/calls', about.field, outcomes(),
    textField('text', t('Was wurde besprochen?'), { required: false }),
    h('div', { class: 'field' }, h('label', { for: 'follow_up' }, t('Wieder anrufen am')), h('input', { class: 'input', type: 'date', id: 'follow_up', name: 'follow_up' })),
    h('button', { class: 'btn primary big' }, icon('check'), t('Telefonnotiz sichern')));
  return formPage(t('Telefonnotiz'), about, form);
}

function outcomes() {
  const choices = [['reached', t('erreicht')], ['missed', t('nicht erreicht')], ['callback', t('ruft zurück')]];
  return h('fieldset', { class: 'field' }, h('legend', {}, t('Ergebnis')), h('div', { class: 'segmented' },
    ...choices.map(([value, words]) => h('label', {}, h('input', { type: 'radio', name: 'outcome', value, required: true }), h('span', {}, words)))));
}
