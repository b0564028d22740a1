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
  /** @type {() => Promise<void>} */
  #last = async () => {};

  /** @param {string} title @param {number} [limit] rows shown until somebody asks for all */
  constructor(title, limit = Infinity) {
    this.#limit = limit;
    this.element = h('section', { class: 'section', hidden: true }, h('h2', {}, title, ' ', this.#count), this.#rows.list, this.#more);
  }

  /** @param {Item[]} items @param {View} view */
  async show(items, view) {
    this.#last = () => this.show(items, view);
    this.element.hidden = items.length === 0;
    this.#count.textContent = String(items.length);
    this.#more.hidden = items.length <= this.#limit;
    this.#more.textContent = n(items.length, '{n} zeigen', 'Alle {n} zeigen');
    await this.#rows.update(items.slice(0, this.#limit), view);
  }

  stop() {
    this.#rows.stop();
  }

  #unfold() {
    this.#limit = Infinity;
    return this.#last();
  }
}
