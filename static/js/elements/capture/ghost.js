// @ts-check
import { tool } from './side.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';
import { dayAndTime } from '../../lib/time.js';

/** Most visits never need them: they come with the first tap, from what the worker keeps. */
const loadBefores = () => import('../../offline/befores.js');

const EDGE_PX = 1280;
const HALF = 50;

/** @typedef {import('../../offline/befores.js').Before} Before */

/** A photo from before, half seen through, over the picture of the camera: the one after is taken from the same place. */
export class Ghost {
  /** The photo the next one is taken over. @type {Before | null} */
  before = null;
  #changed;
  #words = h('span', { class: 'capture-ghost-words' });
  #slider = h('input', { type: 'range', min: 10, max: 90, value: HALF, 'aria-label': t('Deckkraft des Vorher-Fotos'), input: () => this.#fade() });
  layer = h('canvas', { class: 'capture-ghost', hidden: true });
  panel = h('div', { class: 'capture-ghost-panel', hidden: true }, this.#words, this.#slider,
    h('button', { type: 'button', class: 'capture-round', 'aria-label': t('Vorher-Foto wegnehmen'), click: () => this.close() }, icon('close')));
  sheet = h('dialog', { class: 'dialog', 'aria-label': t('Vorher ohne Nachher') });
  tool = tool('overlay', t('Vorher-Foto darüberlegen'), () => this.#toggle());

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    this.sheet.addEventListener('click', (event) => this.#chosen(event));
  }

  /** The one the address names, if it is still open on this phone. */
  async showFirst() {
    const wanted = new URLSearchParams(location.search).get('ghost');
    return wanted ? this.#showId(wanted) : false;
  }

  close() {
    if (!this.before) return;
    this.before = null;
    this.layer.width = this.layer.height = 0;
    this.#reveal(false);
    this.#changed();
  }

  #toggle() {
    if (this.before) return this.close();
    void import('../missing-afters.js');
    this.sheet.replaceChildren(h('h1', {}, t('Vorher ohne Nachher')), document.createElement('missing-afters'),
      h('button', { type: 'button', class: 'btn primary', click: () => this.sheet.close() }, t('Weiter fotografieren')));
    this.sheet.showModal();
  }

  /** The list's links lead to this page; here they need no way. @param {Event} event */
  #chosen(event) {
    const link = /** @type {Element} */ (event.target).closest('[data-before]');
    if (!link) return;
    event.preventDefault();
    this.sheet.close();
    void this.#showId(link.getAttribute('data-before'));
  }

  /** @param {string | null} id */
  async #showId(id) {
    const { openBefores } = await loadBefores();
    const before = (await openBefores()).find((one) => one.id === id);
    if (!before || !(await this.#paint(before))) return false;
    this.before = before;
    this.#words.textContent = t('Vorher von {time}', { time: dayAndTime(before.captured_at) });
    this.#fade();
    this.#reveal(true);
    this.#changed();
    return true;
  }

  /** The first of its pictures that this browser can read. @param {Before} before */
  async #paint(before) {
    const { pictures } = await loadBefores();
    for await (const blob of pictures(before)) {
      const bitmap = await createImageBitmap(blob, { resizeWidth: EDGE_PX, resizeQuality: 'medium', imageOrientation: 'from-image' }).catch(() => null);
      if (!bitmap) continue;
      [this.layer.width, this.layer.height] = [bitmap.width, bitmap.height];
      this.layer.getContext('2d')?.drawImage(bitmap, 0, 0);
      bitmap.close();
      return true;
    }
    return false;
  }

  #fade() {
    this.layer.style.opacity = String(Number(this.#slider.value) / 100);
  }

  /** @param {boolean} on */
  #reveal(on) {
    this.layer.hidden = this.panel.hidden = !on;
    this.tool.setAttribute('aria-pressed', String(on));
  }
}
