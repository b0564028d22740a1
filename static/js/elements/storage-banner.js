// @ts-check
import { h } from '../lib/dom.js';
import { n, t } from '../lib/text.js';
import { forgetWiped, wipedByBrowser } from '../offline/canary.js';
import { isBlocked } from '../offline/connection.js';
import { canKeep } from '../offline/db.js';
import { forgetsAtTheEnd } from '../offline/storage.js';

/** Says within three seconds that this browser cannot keep photos; silent where all is well. */
export class StorageBanner extends HTMLElement {
  #listener = (/** @type {Event} */ event) => this.#trouble(/** @type {CustomEvent} */ (event).detail);

  connectedCallback() {
    addEventListener('storage-trouble', this.#listener);
    void this.#look();
  }

  disconnectedCallback() {
    removeEventListener('storage-trouble', this.#listener);
  }

  async #look() {
    void this.#mourn().catch(() => {});
    if (!isSecureContext) this.#say(t('Ohne verschlüsselte Adresse (https) kann dieses Handy nichts sichern. Im Büro nach der richtigen Adresse fragen.'));
    else if (!(await canKeep())) this.#cannot(t('Dieses Fenster kann keine Fotos sichern (privater Modus?). Zollstock in einem normalen Fenster öffnen.'));
    else if (await forgetsAtTheEnd()) this.#say(t('Dieses Fenster vergisst beim Schließen alles (privater Modus?). Was noch nicht im Büro ist, wäre dann verloren. Zollstock in einem normalen Fenster öffnen.'));
  }

  /** @param {string} trouble */
  #trouble(trouble) {
    if (trouble === 'wiped') void this.#mourn();
    else if (trouble === 'freed') {
      this.replaceChildren();
      void this.#look();
    } else this.#cannot(t('Der Speicher des Browsers antwortet nicht. Seite neu laden, bevor weiter fotografiert wird.'));
  }

  /** An older window in the way may have been told before we lived, and is the better reason. @param {string} words */
  #cannot(words) {
    this.#say(isBlocked() ? t('Zollstock ist noch in einem älteren Fenster offen. Bitte dieses schließen.') : words);
  }

  /** The browser emptied the database: said until somebody has read it. */
  async #mourn() {
    const lost = await wipedByBrowser();
    if (!lost) return;
    const what = lost.unsent === 0 ? t('Alles davon war schon im Büro.')
      : n(lost.unsent, '{n} Eintrag war noch nicht im Büro und ist verloren. Bitte neu aufnehmen und im Büro melden.', '{n} Einträge waren noch nicht im Büro und sind verloren. Bitte neu aufnehmen und im Büro melden.');
    const read = () => void forgetWiped().then(() => this.replaceChildren());
    this.#say(h('span', {}, t('Der Browser hat den Speicher dieses Handys geleert.'), ' ', what), h('button', { type: 'button', class: 'btn small', click: read }, t('Gelesen')));
  }

  /** @param {...import('../lib/dom.js').Child} words */
  #say(...words) {
    this.replaceChildren(h('p', { class: 'banner bad', role: 'alert' }, ...words));
  }
}

customElements.define('storage-banner', StorageBanner);
