// @ts-check
import { h } from '../lib/dom.js';
import { dayAndTime } from '../lib/time.js';
import { kindWord } from '../lib/reasons.js';
import { LazyThumbs } from './thumbs.js';
import { drawRow, faceOf, seen } from './unsent-row.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {import('./unsent-row.js').View} View */

const CHUNK = 40;
const PICTURED = new Set(['photo', 'video']);

/**
 * One list of rows that draws what fits on a screen at once and the rest bit by bit, and keeps rows that did not
 * change, so that a picture never flickers and a finger never misses.
 */
export class Rows {
  list = h('ul', { class: 'unsent-list' });
  /** @type {Map<string, { row: HTMLLIElement, face: string }>} */
  #drawn = new Map();
  #thumbs = new LazyThumbs();
  #turn = 0;
  /** @type {{ items: Item[], view: View, at: number }} */
  #wanted = { items: [], view: { jobs: new Map(), held: new Set(), chosen: new Set() }, at: 0 };

  /**
   * Draws the first rows at once; the others keep their looks until `rest`.
   * @param {Item[]} items in the order wanted @param {View} view @param {number} first
   * @returns {number} how many that were
   */
  begin(items, view, first) {
    this.#turn++;
    this.#wanted = { items, view, at: Math.max(0, Math.min(first, items.length)) };
    this.#drop(new Set(items.map((item) => item.id)));
    for (let at = 0; at < this.#wanted.at; at++) this.#place(at, seen(items[at], view), view);
    return this.#wanted.at;
  }

  /** Draws the rest, in pieces, so that a finger is answered between two of them. */
  async rest() {
    const turn = this.#turn;
    const { items, view, at: first } = this.#wanted;
    let fresh = 0;
    for (let at = first; at < items.length; at++) {
      if (!this.#place(at, seen(items[at], view), view) || ++fresh % CHUNK > 0) continue;
      await idle();
      if (turn !== this.#turn) return;
    }
  }

  stop() {
    this.#turn++;
    this.#thumbs.stop();
  }

  /** @param {Set<string>} wanted */
  #drop(wanted) {
    for (const [id, { row }] of this.#drawn) {
      if (wanted.has(id)) continue;
      row.remove();
      this.#drawn.delete(id);
    }
  }

  /** @param {number} at @param {Item} item @param {View} view @returns {boolean} whether it was drawn anew */
  #place(at, item, view) {
    const face = faceOf(item, view);
    const before = this.#drawn.get(item.id);
    const row = before?.face === face ? before.row : this.#draw(item, view, before?.row);
    this.#drawn.set(item.id, { row, face });
    if (this.list.children[at] !== row) this.list.insertBefore(row, this.list.children[at] ?? null);
    return before?.row !== row;
  }

  /** @param {Item} item @param {View} view @param {HTMLLIElement | undefined} before */
  #draw(item, view, before) {
    const row = drawRow(item, view);
    const place = /** @type {HTMLElement} */ (row.querySelector('.unsent-picture'));
    const picture = before?.querySelector('.unsent-picture > img');
    if (picture) place.replaceChildren(picture);
    else if (PICTURED.has(item.kind)) this.#thumbs.watch(place, item.id, `${kindWord(item.kind)}, ${dayAndTime(item.made_ms)}`);
    if (before) swap(before, row);
    return row;
  }
}

/** The focus stays where it was, in the new row. @param {HTMLLIElement} before @param {HTMLLIElement} row */
function swap(before, row) {
  const held = before.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  before.replaceWith(row);
  if (!held) return;
  const same = held.dataset.act ? `[data-act=${held.dataset.act}]` : 'input';
  (row.querySelector(/** @type {'input'} */ (same)) ?? row.querySelector('button'))?.focus();
}

function idle() {
  return new Promise((resolve) => setTimeout(resolve));
}
