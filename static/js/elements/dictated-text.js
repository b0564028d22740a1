// @ts-check
import { Dictating } from '../lib/dictating.js';

/** Around a text field: it may be spoken where the browser can listen. */
export class DictatedText extends HTMLElement {
  /** @type {Dictating | null} */
  #spoken = null;

  connectedCallback() {
    const field = this.querySelector('textarea');
    if (!field || this.#spoken) return;
    this.#spoken = new Dictating(field);
    field.after(this.#spoken.button, this.#spoken.about);
    void this.#spoken.offer();
  }

  disconnectedCallback() {
    this.#spoken?.stop();
  }
}

customElements.define('dictated-text', DictatedText);
