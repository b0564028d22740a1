// @ts-check
import { Dictating } from '../../lib/dictating.js';
import { h } from '../../lib/dom.js';
import { shortened } from '../../lib/shortened.js';
import { t } from '../../lib/text.js';

/** What the server takes (server/domain/photos.py): no photo may be held up by its words. */
const TAG_MAX = 40;
const TAGS_MAX = 20;

/** The sheet with caption and tags of the next photos, typed or spoken. */
export class Words {
  #caption = h('textarea', { class: 'input', id: 'capture-caption', autocomplete: 'off', maxlength: 2000, rows: 3 });
  #tags = h('input', { class: 'input', id: 'capture-tags', autocomplete: 'off', placeholder: t('Bad, OG, Leitung'), input: (event) => this.#fit(/** @type {InputEvent} */ (event)) });
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
    return tagsIn(this.#tags.value).filter(Boolean);
  }

  /** What no tag can hold is not taken, and seen not to be. @param {InputEvent} event */
  #fit({ isComposing }) {
    const typed = this.#tags.value;
    const tags = tagsIn(typed);
    if (!isComposing && tags.join() !== typed.split(',').map((tag) => tag.trim()).join()) this.#tags.value = tags.join(', ');
  }

  async open() {
    this.element.showModal();
    await this.#spoken.offer();
  }
}

/** @param {string} typed */
function tagsIn(typed) {
  return typed.split(',').slice(0, TAGS_MAX).map((tag) => shortened(tag.trim(), TAG_MAX).trim());
}
