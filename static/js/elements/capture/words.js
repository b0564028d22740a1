// @ts-check
import { Dictating } from '../../lib/dictating.js';
import { h } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

/** The sheet with caption and tags of the next photos, typed or spoken. */
export class Words {
  #caption = h('textarea', { class: 'input', id: 'capture-caption', autocomplete: 'off', maxlength: 2000, rows: 3 });
  #tags = h('input', { class: 'input', id: 'capture-tags', autocomplete: 'off', placeholder: t('Bad, OG, Leitung') });
  #spoken = new Dictating(this.#caption);
  element = h('dialog', { class: 'dialog', 'aria-label': t('Worte zu den nächsten Fotos'), close: () => this.#spoken.stop() },
    h('h1', {}, t('Worte zu den nächsten Fotos')),
    h('div', { class: 'field' }, h('label', { for: 'capture-caption' }, t('Beschreibung')), this.#caption, this.#spoken.button, this.#spoken.about),
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
    await this.#spoken.offer();
  }
}
