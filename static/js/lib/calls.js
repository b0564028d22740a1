// @ts-check
import { locale, t } from './text.js';
import { localIso } from './time.js';

/** @typedef {{ outcome: string, direction: string, words: string, answer: string, followUp: string }} Told answer: the title of the choice; followUp: `2026-11-27` or empty */

/** The words of a call note, as server/pages/calls.py writes them. @param {Told} told */
function callText({ outcome, direction, words, answer, followUp }) {
  const ours = { reached: t('Erreicht.'), missed: t('Nicht erreicht.'), mailbox: t('Auf die Mailbox gesprochen.'), callback: t('Ruft zurück.') };
  const his = { reached: t('Rief an.'), missed: t('Rief an, niemand nahm ab.'), mailbox: t('Sprach auf unsere Mailbox.'), callback: t('Rief an und meldet sich wieder.') };
  const result = (direction === 'in' ? his : ours)[/** @type {'reached'} */ (outcome)];
  const again = followUp && t('Wieder anrufen am {day}.', { day: dayOf(followUp) });
  return [result, answer && t('Antwort: {answer}.', { answer }), words, again].filter(Boolean).join(' ');
}

/** What PUT /sync/items/{id} carries of a call. @param {HTMLFormElement} form @param {FormData} data */
export function callFields(form, data) {
  const word = (/** @type {string} */ name) => String(data.get(name) ?? '').trim();
  const followUp = word('follow_up') || inDays(Number(word('again')));
  const told = { outcome: word('outcome'), direction: word('direction') || 'out', words: word('text'), answer: word('choice') && picked(form), followUp };
  return {
    text: callText(told), outcome: told.outcome, direction: told.direction, choice: word('choice'), follow_up: followUp,
    contact: word('contact') || null, question: word('question') || null,
  };
}

/** The day so many days from now on this phone's calendar, '' for none. @param {number} days */
function inDays(days) {
  const day = new Date();
  day.setDate(day.getDate() + days);
  return days > 0 ? localIso(day).slice(0, 10) : '';
}

/** @param {HTMLFormElement} form */
function picked(form) {
  return form.querySelector('input[name="choice"]:checked')?.closest('label')?.textContent?.trim() ?? '';
}

/** @param {string} iso */
function dayOf(iso) {
  return new Date(`${iso}T12:00:00`).toLocaleDateString(locale(), { day: '2-digit', month: '2-digit', year: 'numeric' });
}
