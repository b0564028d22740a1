// @ts-check
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';
import { readTaste, writeTaste } from './taste.js';

const STEPS = [1, 2, 4];

/** @typedef {import('../../lib/camera.js').Camera} Camera */

/** The buttons on the picture: light, grid and how near; each stands there only where this camera can do it. */
export class Side {
  #camera;
  #grid;
  #factor = 1;
  #before = 1;
  #lit = false;
  #torch = tool('torch', t('Licht'), () => void this.#light(!this.#lit));
  #lines = tool('grid', t('Raster'), () => void this.#draw(this.#grid.hidden));
  #steps = STEPS.map((step) => h('button', { type: 'button', class: 'capture-step', 'aria-pressed': 'false', 'aria-label': t('Zoom {n}-fach', { n: step }), click: () => void this.zoomTo(step).then(() => this.pinched()) }, `${step}×`));
  tools = h('div', { class: 'capture-side' }, this.#torch, this.#lines);
  zoom = h('div', { class: 'capture-zoom', role: 'group', 'aria-label': t('Zoom'), hidden: true }, ...this.#steps);

  /** @param {Camera} camera @param {HTMLElement} grid the lines on the picture */
  constructor(camera, grid) {
    this.#camera = camera;
    this.#grid = grid;
    this.#torch.hidden = true;
    void readTaste().then((taste) => this.#show(taste.grid));
  }

  /** After each opening: another camera may stand behind the picture, and it starts dark and wide. */
  async refresh() {
    const { torch, nearest } = this.#camera.abilities;
    this.#torch.hidden = !torch;
    this.zoom.hidden = nearest < STEPS[1];
    for (const [place, button] of this.#steps.entries()) button.hidden = STEPS[place] > nearest;
    if (this.#lit) await this.#light(true);
    await this.zoomTo(this.#factor);
  }

  /** @param {number} factor */
  async zoomTo(factor) {
    const { nearest } = this.#camera.abilities;
    this.#factor = Math.min(nearest, Math.max(1, factor));
    await this.#camera.abilities.zoomTo(this.#factor);
    const current = STEPS.findLastIndex((step) => step <= this.#factor);
    for (const [place, button] of this.#steps.entries()) {
      button.setAttribute('aria-pressed', String(place === current));
      button.textContent = place === current && this.#factor !== STEPS[place] ? `${this.#factor.toFixed(1).replace('.', ',')}×` : `${STEPS[place]}×`;
    }
  }

  /** Two fingers drawn apart by this ratio since they came down. @param {number} ratio */
  pinch(ratio) {
    void this.zoomTo(this.#before * ratio);
  }

  pinched() {
    this.#before = this.#factor;
  }

  /** @param {boolean} on */
  async #light(on) {
    this.#lit = on && (await this.#camera.abilities.lightUp(on));
    if (!on) await this.#camera.abilities.lightUp(false);
    this.#torch.setAttribute('aria-pressed', String(this.#lit));
  }

  /** @param {boolean} on */
  async #draw(on) {
    this.#show(on);
    await writeTaste({ grid: on });
  }

  /** @param {boolean} on */
  #show(on) {
    this.#grid.hidden = !on;
    this.#lines.setAttribute('aria-pressed', String(on));
  }
}

/** @param {string} name @param {string} label @param {() => void} click */
export function tool(name, label, click) {
  return h('button', { type: 'button', class: 'capture-round', 'aria-pressed': 'false', 'aria-label': label, title: label, click }, icon(name));
}
