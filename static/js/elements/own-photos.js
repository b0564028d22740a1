// @ts-check
import { FromRows } from './from-rows.js';
import { h, picture } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { dayAndTime } from '../lib/time.js';
import { filedOn, jobOf } from '../offline/filings.js';
import { itemsOf, thumbOf, UNSENT } from '../offline/outbox.js';
import { activeSession } from '../offline/session.js';

/** @typedef {import('../offline/db.js').Item} Item */

/**
 * In the form of a question: photos of its job that this phone has not sent yet, to be chosen like the others. Without
 * the attribute `job` they follow the job chosen in the form.
 */
export class OwnPhotos extends FromRows {
  connectedCallback() {
    super.connectedCallback();
    this.closest('form')?.addEventListener('change', (event) => {
      if (/** @type {HTMLSelectElement} */ (event.target).name === 'job') void this.redraw();
    });
  }

  async redraw() {
    const session = await activeSession();
    const items = session ? await itemsOf(session.actor) : [];
    const filed = filedOn(items);
    const shown = new Map([...this.querySelectorAll('li')].map((card) => [card.id, card]));
    const rows = items.filter((item) => item.kind === 'photo' && jobOf(item, filed) === this.#job && (shown.has(nameOf(item)) || this.#isNew(item))).reverse();
    const cards = await Promise.all(rows.map((item) => shown.get(nameOf(item)) ?? choice(item)));
    this.hidden = cards.length === 0;
    this.replaceChildren(h('fieldset', { class: 'field' }, h('legend', {}, t('Noch auf dem Handy')), h('ul', { class: 'photo-grid' }, ...cards)));
  }

  get #job() {
    const chosen = /** @type {HTMLSelectElement | null} */ (this.closest('form')?.querySelector('select[name=job]'));
    return this.getAttribute('job') || chosen?.value || null;
  }

  /** What arrives meanwhile stays; what the page names already does not come twice. @param {Item} item */
  #isNew(item) {
    const owed = item.state !== 'lost-bytes' && UNSENT.includes(/** @type {any} */ (item.state));
    return owed && !this.closest('form')?.querySelector(`input[name=photos][value="${item.id}"]`);
  }
}

/** @param {Item} item */
const nameOf = (item) => `own-${item.id}`;

/** @param {Item} item */
async function choice(item) {
  const words = t('Foto von {time}', { time: dayAndTime(item.made_ms) });
  const box = h('input', { type: 'checkbox', name: 'photos', value: item.id, 'aria-label': words });
  box.checked = new URLSearchParams(location.search).getAll('photos').includes(item.id);
  return h('li', { class: 'photo-card', id: nameOf(item) }, picture(await thumbOf(item.id), ''), h('label', { class: 'photo-pick' }, box));
}

customElements.define('own-photos', OwnPhotos);
