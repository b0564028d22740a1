// @ts-check
import { Rows } from './unsent-rows.js';
import { h } from '../lib/dom.js';
import { n } from '../lib/text.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {import('./unsent-row.js').View} View */

/** Rows under one heading; a long list of problems shows its first few, so that it never hides the others. */
export class Group {
  #rows = new Rows();
  #count = h('span', { class: 'count' });
  #more = h('button', { type: 'button', class: 'btn', hidden: true, click: () => void this.#unfold() });
  element;
  #limit;
  #again = () => 0;

  /** @param {string} title @param {number} [limit] rows shown until somebody asks for all */
  constructor(title, limit = Infinity) {
    this.#limit = limit;
    this.element = h('section', { class: 'section', hidden: true }, h('h2', {}, title, ' ', this.#count), this.#rows.list, this.#more);
  }

  /**
   * @param {Item[]} items @param {View} view @param {number} first so many rows at once, the others with `rest`
   * @returns {number} how many stand there now
   */
  show(items, view, first) {
    this.#again = () => this.show(items, view, first);
    this.element.hidden = items.length === 0;
    this.#count.textContent = String(items.length);
    this.#more.hidden = items.length <= this.#limit;
    this.#more.textContent = n(items.length, '{n} zeigen', 'Alle {n} zeigen');
    return this.#rows.begin(items.slice(0, this.#limit), view, first);
  }

  rest() {
    return this.#rows.rest();
  }

  stop() {
    this.#rows.stop();
  }

  #unfold() {
    this.#limit = Infinity;
    this.#again();
    return this.rest();
  }
}
