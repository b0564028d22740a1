// @ts-check
import { h, icon } from '../lib/dom.js';
import { n, t } from '../lib/text.js';
import { age } from '../lib/time.js';
import { isLate } from '../offline/alarm.js';

/** @param {number} waiting @param {number} oldest_ms */
function lateWords(waiting, oldest_ms) {
  return n(waiting, '{n} Eintrag wartet auf dem Handy, {age}.', '{n} Einträge warten auf dem Handy, der älteste {age}.').replace('{age}', age(oldest_ms));
}

/**
 * The alarm on every page, with the way to the list; the list itself says it in its own place.
 * @param {{ waiting: number, oldest_ms: number | null } | null} now
 */
export function showAlarm(now) {
  const there = document.querySelector('.late-banner');
  const words = now && now.oldest_ms !== null && isLate(now.oldest_ms) && location.pathname !== '/unsent'
    ? lateWords(now.waiting, now.oldest_ms) : '';
  if ((there?.querySelector('span')?.textContent ?? '') === words) return;
  there?.remove();
  if (!words) return;
  document.querySelector('main')?.prepend(h('p', { class: 'banner bad late-banner', role: 'alert' },
    icon('clock'), h('span', {}, words), h('a', { class: 'btn', href: '/unsent' }, t('Ansehen'))));
}
