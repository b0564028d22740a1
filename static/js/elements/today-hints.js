// @ts-check
import { FromRows } from './from-rows.js';
import { h, icon } from '../lib/dom.js';
import { pieces } from '../lib/pieces.js';
import { n, t } from '../lib/text.js';
import { openBefores } from '../offline/befores.js';
import { looseOnes } from '../offline/unsorted.js';

/** What waits for this person: photos without a job, befores without an after. Nothing where nothing waits. */
export class TodayHints extends FromRows {
  async redraw() {
    const [loose, befores] = await Promise.all([looseOnes(), openBefores()]);
    const hints = [
      loose.length > 0 && location.pathname !== '/sort' && hint('/sort', 'move', t('{what} ohne Auftrag: jetzt einsortieren', { what: pieces(loose) })),
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
