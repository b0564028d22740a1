// @ts-check
import { h } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

/** Codes of the server, words of the site. @type {[string, string][]} */
const PHASES = [['before', 'vorher'], ['during', 'während'], ['after', 'nachher'], ['defect', 'Mangel'], ['concealed', 'verdeckt']];

/** One phase or none: tapping the chosen one takes it back. Also stepped through, by swipe and by arrow key. */
export class Phases {
  #changed;
  #boxes = PHASES.map(([code]) => h('input', { type: 'checkbox', name: 'phase', value: code, change: (event) => this.#tapped(event) }));
  element = h('div', { class: 'capture-phases', role: 'group', 'aria-label': t('Phase') },
    ...this.#boxes.map((box, place) => h('label', {}, box, h('span', {}, t(PHASES[place][1])))));

  /** @param {() => void} changed after each choice of the person */
  constructor(changed) {
    this.#changed = changed;
  }

  /** @returns {string | null} */
  get value() {
    return this.#boxes.find((box) => box.checked)?.value ?? null;
  }

  set value(code) {
    for (const box of this.#boxes) box.checked = box.value === code;
    const chosen = this.#boxes.find((box) => box.checked)?.parentElement;
    if (chosen) this.element.scrollLeft = chosen.offsetLeft - (this.element.clientWidth - chosen.offsetWidth) / 2;
  }

  /** The word of the chosen phase. */
  get word() {
    const phase = PHASES.find(([code]) => code === this.value);
    return phase ? t(phase[1]) : t('ohne Phase');
  }

  /** The next one or the one before; "none" lies between the last and the first. @param {1 | -1} by */
  step(by) {
    const all = [null, ...PHASES.map(([code]) => code)];
    this.value = all[(all.indexOf(this.value) + by + all.length) % all.length];
    this.#changed();
  }

  /** @param {Event} event */
  #tapped({ target }) {
    const box = /** @type {HTMLInputElement} */ (target);
    this.value = box.checked ? box.value : null;
    this.#changed();
  }
}
