// @ts-check
import { h, icon } from '../lib/dom.js';
import { fileSize, n, t } from '../lib/text.js';

/** @typedef {import('../offline/db.js').Item} Item */

/** Which rows somebody chose, the box that chooses all of them, and the bar that says what can be done. */
export class Choice {
  /** The one set the rows look into as well. @type {Set<string>} */
  ids = new Set();
  #all = h('input', { type: 'checkbox', change: () => this.#chooseAll(this.#all.checked) });
  #amount = h('p', { class: 'num', role: 'status' });
  #total = h('span', { class: 'sub num push' });
  /** @type {Item[]} */
  #items = [];

  head = h('div', { class: 'unsent-all' }, h('label', { class: 'check' }, this.#all, h('span', {}, t('Alle wählen'))), this.#total);
  bar;

  /**
   * @param {HTMLElement} rows where the boxes stand
   * @param {{ send: () => void, save: () => void }} acts what is done with the chosen ones
   */
  constructor(rows, acts) {
    this.rows = rows;
    this.bar = h('div', { class: 'unsent-bar', role: 'region', 'aria-label': t('Gewählte'), hidden: true },
      this.#amount,
      h('button', { type: 'button', class: 'btn quiet icon-only', click: () => this.clear() }, icon('close'), h('span', { class: 'visually-hidden' }, t('Auswahl aufheben'))),
      h('button', { type: 'button', class: 'btn primary', click: acts.send }, icon('send'), t('Senden')),
      h('button', { type: 'button', class: 'btn', click: acts.save }, icon('download'), t('Kopien sichern')));
    rows.addEventListener('change', (event) => this.#changed(/** @type {HTMLInputElement} */ (event.target)));
    rows.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.clear();
    });
  }

  /** @param {Item[]} items those that may be chosen */
  offer(items) {
    this.#items = items;
    const there = new Set(items.map((item) => item.id));
    for (const id of this.ids) if (!there.has(id)) this.ids.delete(id);
    this.head.hidden = items.length === 0;
    this.#total.textContent = `${n(items.length, '{n} Eintrag', '{n} Einträge')} · ${fileSize(sizeOf(items))}`;
    this.#say();
  }

  /** @returns {Item[]} oldest first */
  items() {
    return this.#items.filter((item) => this.ids.has(item.id));
  }

  clear() {
    this.#chooseAll(false);
  }

  /** @param {boolean} chosen */
  #chooseAll(chosen) {
    this.ids.clear();
    if (chosen) for (const item of this.#items) this.ids.add(item.id);
    for (const box of this.rows.querySelectorAll('.unsent-box')) /** @type {HTMLInputElement} */ (box).checked = chosen;
    this.#say();
  }

  /** @param {HTMLInputElement} box */
  #changed(box) {
    const id = /** @type {HTMLElement | null} */ (box.closest('[data-id]'))?.dataset.id;
    if (!id) return;
    if (box.checked) this.ids.add(id);
    else this.ids.delete(id);
    this.#say();
  }

  #say() {
    const chosen = this.items();
    this.#all.checked = chosen.length > 0 && chosen.length === this.#items.length;
    this.#all.indeterminate = chosen.length > 0 && !this.#all.checked;
    this.bar.hidden = chosen.length === 0;
    this.#amount.textContent = chosen.length === 0 ? '' : `${n(chosen.length, '{n} gewählt', '{n} gewählt')} · ${fileSize(sizeOf(chosen))}`;
  }
}

/** @param {Item[]} items */
function sizeOf(items) {
  return items.reduce((sum, item) => sum + item.size, 0);
}
