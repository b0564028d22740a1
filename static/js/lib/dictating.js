// @ts-check
import { h, icon } from './dom.js';
import { shortened } from './shortened.js';
import { locale, t } from './text.js';

const loadEar = () => import('./dictation.js');

/** What helps when listening failed. @type {Record<string, string>} */
const FAILURES = {
  'not-allowed': 'Das Mikrofon ist für diese Seite gesperrt. In den Einstellungen des Browsers erlauben.',
  network: 'Zum Diktieren fehlt das Netz. Tippen geht.',
};

/** A button that writes what is spoken into a field, and what becomes of the voice, said before anybody speaks. */
export class Dictating {
  button = h('button', { type: 'button', class: 'btn', hidden: true, 'aria-pressed': 'false', click: () => void this.#toggle() }, icon('mic'), h('span', {}, t('Diktieren')));
  about = h('p', { class: 'field-hint', role: 'status' });
  /** @type {import('./dictation.js').Where} */
  #where = null;
  #stop = () => {};
  #field;

  /** @param {HTMLTextAreaElement} field */
  constructor(field) {
    this.#field = field;
  }

  /** Shows the button where this browser can listen. */
  async offer() {
    const { whereDictated } = await loadEar();
    this.#where = await whereDictated(locale());
    this.button.hidden = !this.#where;
    this.about.textContent = this.#whose();
  }

  stop() {
    this.#stop();
  }

  #whose() {
    if (this.#where === 'here') return t('Der Browser schreibt auf diesem Handy mit. Die Stimme geht nirgendwohin.');
    return this.#where ? t('Der Browser schreibt mit und schickt die Stimme dafür an seinen Hersteller, nicht an Zollstock. Wer das nicht will, tippt.') : '';
  }

  async #toggle() {
    if (this.button.getAttribute('aria-pressed') === 'true') return this.#stop();
    this.#listening(true);
    const { dictate } = await loadEar();
    this.about.textContent = t('Bitte sprechen.');
    this.#stop = dictate(locale(), this.#where, {
      words: (text) => {
        const { value, maxLength } = this.#field;
        // A field's limit binds fingers only.
        this.#field.value = shortened([value.trim(), text].filter(Boolean).join(' '), maxLength < 0 ? Infinity : maxLength);
      },
      guess: (text) => {
        if (text) this.about.textContent = `… ${text}`;
      },
      ended: (code) => this.#ended(code),
    });
  }

  /** @param {string | null} code */
  #ended(code) {
    this.#listening(false);
    this.#stop = () => {};
    const words = code && code !== 'aborted' ? FAILURES[code] ?? 'Nichts verstanden. Noch einmal versuchen oder tippen.' : '';
    this.about.textContent = words ? t(words) : this.#whose();
  }

  /** @param {boolean} on */
  #listening(on) {
    this.button.setAttribute('aria-pressed', String(on));
    const [, label] = this.button.children;
    label.textContent = on ? t('Diktat beenden') : t('Diktieren');
  }
}
