// @ts-check
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { canKeep } from '../offline/db.js';

/** Says within three seconds that this browser cannot keep photos; silent where all is well. */
export class StorageBanner extends HTMLElement {
  #listener = (/** @type {Event} */ event) => this.#trouble(/** @type {CustomEvent} */ (event).detail);

  async connectedCallback() {
    addEventListener('storage-trouble', this.#listener);
    if (!isSecureContext) this.#say(t('Ohne verschlüsselte Adresse (https) kann dieses Handy nichts sichern. Im Büro nach der richtigen Adresse fragen.'));
    else if (!(await canKeep())) this.#say(t('Dieses Fenster kann keine Fotos sichern (privater Modus?). Zollstock in einem normalen Fenster öffnen.'));
  }

  disconnectedCallback() {
    removeEventListener('storage-trouble', this.#listener);
  }

  /** @param {string} trouble */
  #trouble(trouble) {
    if (trouble === 'blocked') this.#say(t('Zollstock ist noch in einem älteren Fenster offen. Bitte dieses schließen.'));
    else this.#say(t('Der Speicher des Browsers antwortet nicht. Seite neu laden, bevor weiter fotografiert wird.'));
  }

  /** @param {string} words */
  #say(words) {
    this.replaceChildren(h('p', { class: 'banner bad', role: 'alert' }, words));
  }
}

customElements.define('storage-banner', StorageBanner);
