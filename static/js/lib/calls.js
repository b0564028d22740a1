// @ts-check
import { locale, t } from './text.js';

/**
 * The words of a call note, as server/pages/calls.py writes them.
 * @param {string} outcome reached, missed or callback @param {string} text @param {string} followUp `2026-11-27` or empty
 */
export function callText(outcome, text, followUp) {
  const outcomes = { reached: t('Erreicht.'), missed: t('Nicht erreicht.'), callback: t('Ruft zurück.') };
  const again = followUp && t('Wieder anrufen am {day}.', { day: dayOf(followUp) });
  return [outcomes[/** @type {'reached'} */ (outcome)], text, again].filter(Boolean).join(' ');
}

/** @param {string} iso */
function dayOf(iso) {
  return new Date(`${iso}T12:00:00`).toLocaleDateString(locale(), { day: '2-digit', month: '2-digit', year: 'numeric' });
}
