// @ts-check
import { act } from './unsent-row.js';
import { askForWord } from '../lib/typed-dialog.js';
import { h, icon, picture } from '../lib/dom.js';
import { kindWord, reasonOf, stateWords } from '../lib/reasons.js';
import { fileSize, t } from '../lib/text.js';
import { age, clockTime, dayAndTime, fullDate } from '../lib/time.js';
import { jobTitle } from '../offline/files.js';
import { thumbOf } from '../offline/outbox.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {import('./unsent-row.js').View} View */

/**
 * Everything about one item, with what can be done now.
 * @param {Item} item @param {View} view
 * @returns {Promise<string>} the act chosen: send · save · remove, or '' for none
 */
export async function showSheet(item, view) {
  const thumb = await thumbOf(item.id);
  return new Promise((resolve) => {
    const close = (/** @type {string} */ chosen) => () => dialog.close(chosen);
    const dialog = h('dialog', { class: 'dialog unsent-sheet', 'aria-labelledby': 'sheet-title', close: () => {
      dialog.remove();
      resolve(dialog.returnValue);
    } },
    h('div', { class: 'dialog-head' }, h('h2', { id: 'sheet-title' }, jobTitle(item, view.jobs.get(item.job ?? ''))),
      h('button', { type: 'button', class: 'btn quiet icon-only', click: close('') }, icon('close'), h('span', { class: 'visually-hidden' }, t('Schließen')))),
    trouble(item), thumb ? picture(thumb, t('Foto von {time}', { time: dayAndTime(item.made_ms) })) : null,
    facts(item), ways(item));
    for (const button of dialog.querySelectorAll('[data-act]')) button.addEventListener('click', close(String(button.getAttribute('data-act'))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** @param {Item} item */
function trouble(item) {
  const why = reasonOf(item);
  return why && h('p', { class: `banner ${stateWords(item)[0] === 'trouble' ? 'bad' : 'warn'}` }, icon('warn'), h('span', {}, why[0], h('br'), h('b', {}, why[1])));
}

/** @param {Item} item */
function facts(item) {
  const made = `${fullDate(item.made_ms)}, ${clockTime(item.made_ms)} (${age(item.made_ms)})`;
  const words = item.body.caption || item.body.text;
  return h('dl', { class: 'facts' }, ...[
    [t('Stand'), stateWords(item)[1]],
    [t('Wie weiter'), item.error ? '' : t('Geht von selbst ins Büro, sobald Netz da ist.')],
    [t('Nächster Versuch'), item.next_try > Date.now() ? clockTime(item.next_try) : ''],
    [t('Fehlversuche'), item.attempts > 0 ? String(item.attempts) : ''],
    [t('Aufgenommen'), made],
    [kindWord(item.kind), words ? String(words) : ''],
    [t('Größe'), item.size > 0 ? fileSize(item.size) : ''],
    [t('Kennung'), item.id],
  ].flatMap(([name, value]) => (value ? [h('dt', {}, String(name)), h('dd', {}, value)] : [])));
}

/** @param {Item} item */
function ways(item) {
  const gone = item.state === 'lost-bytes';
  return h('div', { class: 'actions unsent-acts' },
    gone ? null : act('send', 'send', t('Senden')), gone ? null : act('save', 'download', t('Kopie sichern')), act('remove', 'trash', t('Entfernen')));
}

/** Asks for the typed word, with the picture that would be lost. @param {Item} item */
export async function meansRemoval(item) {
  const thumb = await thumbOf(item.id);
  return askForWord({
    title: t('Wirklich entfernen?'),
    words: item.state === 'lost-bytes' ? t('Nur der Eintrag geht; die Aufnahme selbst ist schon verloren.') : t('Es gibt davon keine zweite Kopie: weder im Büro noch auf diesem Handy.'),
    act: t('Endgültig entfernen'),
    picture: thumb ? picture(thumb, t('Foto von {time}', { time: dayAndTime(item.made_ms) })) : null,
  });
}
