// @ts-check
import { FromRows } from './from-rows.js';
import { h, icon } from '../lib/dom.js';
import { n } from '../lib/text.js';
import { openBefores } from '../offline/befores.js';
import { looseOnes } from '../offline/unsorted.js';

/** What waits for this person: photos without a job, befores without an after. Nothing where nothing waits. */
export class TodayHints extends FromRows {
  async redraw() {
    const [loose, befores] = await Promise.all([looseOnes(), openBefores()]);
    const hints = [
      loose.length > 0 && location.pathname !== '/sort' && hint('/sort', 'move', n(loose.length, '{n} Foto ohne Auftrag: jetzt einsortieren', '{n} Fotos ohne Auftrag: jetzt einsortieren')),
      befores.length > 0 && location.pathname === '/' && hint('/befores', 'image', n(befores.length, '{n} Vorher ohne Nachher', '{n} Vorher ohne Nachher')),
    ].filter((one) => one !== false);
    this.hidden = hints.length === 0;
    this.replaceChildren(...hints);
  }
}

/** @param {string} href @param {string} sign @param {string} words */
function hint(href, sign, words) {
  return h('a', { class: 'banner hint', href }, icon(sign), h('span', {}, words), icon('forward'));
}

customElements.define('today-hints', TodayHints);
