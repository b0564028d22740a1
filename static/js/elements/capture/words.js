// @ts-check
import { h, icon } from '../../lib/dom.js';
import { locale, t } from '../../lib/text.js';

const loadEar = () => import('../../lib/dictation.js');

/** What helps when listening failed. @type {Record<string, string>} */
const FAILURES = {
  'not-allowed': 'Das Mikrofon ist für diese Seite gesperrt. In den Einstellungen des Browsers erlauben.',
  network: 'Zum Diktieren fehlt das Netz. Tippen geht.',
};

/** The sheet with caption and tags of the next photos, typed or spoken. */
export class Words {
  #caption = h('textarea', { class: 'input', id: 'capture-caption', autocomplete: 'off', maxlength: 2000, rows: 3 });
  #tags = h('input', { class: 'input', id: 'capture-tags', autocomplete: 'off', placeholder: t('Bad, OG, Leitung') });
  #speak = h('button', { type: 'button', class: 'btn', hidden: true, 'aria-pressed': 'false', click: () => void this.#toggle() }, icon('mic'), h('span', {}, t('Diktieren')));
  #about = h('p', { class: 'field-hint', role: 'status' });
  /** @type {import('../../lib/dictation.js').Where} */
  #where = null;
  #stop = () => {};
  element = h('dialog', { class: 'dialog', 'aria-label': t('Worte zu den nächsten Fotos'), close: () => this.#stop() },
    h('h1', {}, t('Worte zu den nächsten Fotos')),
    h('div', { class: 'field' }, h('label', { for: 'capture-caption' }, t('Beschreibung')), this.#caption, this.#speak, this.#about),
    h('div', { class: 'field' }, h('label', { for: 'capture-tags' }, t('Stichworte, mit Komma getrennt')), this.#tags),
    h('button', { type: 'button', class: 'btn primary', click: () => this.element.close() }, t('Weiter fotografieren')));

  get caption() {
    return this.#caption.value.trim();
  }

  get tags() {
    return this.#tags.value.split(',').map((tag) => tag.trim()).filter(Boolean);
  }

  async open() {
    this.element.showModal();
    const { whereDictated } = await loadEar();
    this.#where = await whereDictated(locale());
    this.#speak.hidden = !this.#where;
    this.#about.textContent = this.#whose();
  }

  /** What becomes of the voice, said before anybody speaks. */
  #whose() {
    if (this.#where === 'here') return t('Der Browser schreibt auf diesem Handy mit. Die Stimme geht nirgendwohin.');
    return this.#where ? t('Der Browser schreibt mit und schickt die Stimme dafür an seinen Hersteller, nicht an Zollstock. Wer das nicht will, tippt.') : '';
  }

  async #toggle() {
    if (this.#speak.getAttribute('aria-pressed') === 'true') return this.#stop();
    this.#listening(true);
    const { dictate } = await loadEar();
    this.#about.textContent = t('Bitte sprechen.');
    this.#stop = dictate(locale(), this.#where, {
      words: (text) => {
        this.#caption.value = [this.#caption.value.trim(), text].filter(Boolean).join(' ');
      },
      guess: (text) => {
        if (text) this.#about.textContent = `… ${text}`;
      },
      ended: (code) => this.#ended(code),
    });
  }

  /** @param {string | null} code */
  #ended(code) {
    this.#listening(false);
    this.#stop = () => {};
    const words = code && code !== 'aborted' ? FAILURES[code] ?? 'Nichts verstanden. Noch einmal versuchen oder tippen.' : '';
    this.#about.textContent = words ? t(words) : this.#whose();
  }

  /** @param {boolean} on */
  #listening(on) {
    this.#speak.setAttribute('aria-pressed', String(on));
    const [, label] = this.#speak.children;
    label.textContent = on ? t('Diktat beenden') : t('Diktieren');
  }
}
