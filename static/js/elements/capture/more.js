// @ts-check
import { readTaste, writeTaste } from './taste.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

/** @type {[import('../../lib/camera.js').Quality, string, string][]} */
const QUALITIES = [
  ['fast', 'Schnell', 'Das Bild aus dem Sucher, sofort gesichert. Für fast alles genug.'],
  ['full', 'Volle Auflösung', 'Das Foto der Kamera selbst: ein bis zwei Sekunden je Foto. Für Typenschilder und Risse.'],
];

/** @typedef {{ icon: string, words: string, act: () => void }} Way */

/** What is needed seldom: other ways to a photo, and how fine it is. */
export class More {
  #changed;
  #boxes = QUALITIES.map(([code]) => h('input', { type: 'radio', name: 'quality', value: code, change: () => void this.#choose(code) }));
  element = h('dialog', { class: 'dialog', 'aria-label': t('Mehr') });
  tool = h('button', { type: 'button', class: 'capture-tool', click: () => void this.open() }, icon('more'), t('Mehr'));

  /** @param {Way[]} ways @param {() => void} changed the quality */
  constructor(ways, changed) {
    this.#changed = changed;
    const buttons = ways.map((way) => h('button', { type: 'button', class: 'btn', click: () => this.#go(way) }, icon(way.icon), way.words));
    const choices = QUALITIES.map(([, word, about], place) => h('label', { class: 'check' }, this.#boxes[place],
      h('span', {}, h('b', {}, t(word)), h('br'), h('span', { class: 'sub' }, t(about)))));
    this.element.append(h('h1', {}, t('Mehr')), ...buttons,
      h('fieldset', { class: 'field' }, h('legend', {}, t('Fotos')), ...choices),
      h('button', { type: 'button', class: 'btn primary', click: () => this.element.close() }, t('Weiter fotografieren')));
  }

  async open() {
    const { quality } = await readTaste();
    for (const box of this.#boxes) box.checked = box.value === quality;
    this.element.showModal();
  }

  /** @param {Way} way */
  #go(way) {
    this.element.close();
    way.act();
  }

  /** @param {import('../../lib/camera.js').Quality} quality */
  async #choose(quality) {
    await writeTaste({ quality });
    this.#changed();
  }
}
