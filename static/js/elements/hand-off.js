// @ts-check
import { ask, fetchFile } from '../lib/http.js';
import { t } from '../lib/text.js';

/** What became of a share sheet, by the error's name (Web Share §2.1). @type {Record<string, string>} */
const REFUSED = {
  AbortError: 'Nicht geteilt: Die Auswahl wurde geschlossen.',
  NotAllowedError: 'Der Browser hat das Teilen nicht zugelassen. Bitte noch einmal tippen.',
  InvalidStateError: 'Es wird gerade schon geteilt. Erst das offene Fenster schließen.',
};
const OTHERWISE = 'Dieses Handy kann die Fotos so nicht teilen. Fotos einzeln antippen, sie werden gesichert und lassen sich anhängen.';

/**
 * Hands photos and words to the messenger on this phone. The files are here before the button is, because between
 * the tap and `navigator.share` nothing may be waited for: iOS would drop the tap. Words go by the clipboard, for
 * WhatsApp loses files or words when both are shared at once. Without us the links beside the photos do it.
 */
export class HandOff extends HTMLElement {
  /** @type {File[]} */
  #files = [];

  connectedCallback() {
    for (const link of this.querySelectorAll('[data-open]')) link.addEventListener('click', this.#open);
    this.querySelector('[data-share]')?.addEventListener('click', this.#share);
    const copy = /** @type {HTMLElement | null} */ (this.querySelector('[data-copy]'));
    if (copy && navigator.clipboard) {
      copy.hidden = false;
      copy.addEventListener('click', this.#copy);
    }
    void this.#prepare();
  }

  async #prepare() {
    const button = /** @type {HTMLButtonElement | null} */ (this.querySelector('[data-share]'));
    const links = /** @type {HTMLAnchorElement[]} */ ([...this.querySelectorAll('a[data-file]')]);
    if (!button || !links.length || !navigator.canShare) return;
    try {
      this.#files = await Promise.all(links.map((link) => fetchFile(link.href, link.dataset.file ?? 'Foto.jpg')));
    } catch {
      return;
    }
    if (!navigator.canShare({ files: this.#files })) return;
    button.hidden = false;
    const fallback = /** @type {HTMLElement | null} */ (this.querySelector('[data-fallback]'));
    if (fallback) fallback.hidden = true;
  }

  #share = () => {
    this.#copy();
    navigator.share({ files: this.#files }).then(this.#shared, (error) => this.#say('[data-said]', t(REFUSED[error?.name] ?? OTHERWISE)));
  };

  #shared = () => {
    this.#say('[data-said]', t('Fotos übergeben. Ob sie gesendet sind, zeigt nur der Messenger.'));
    this.#note();
  };

  #copy = () => {
    navigator.clipboard?.writeText(this.#words()).then(
      () => this.#say('[data-copied]', t('Der Text liegt in der Zwischenablage.')),
      () => this.#say('[data-copied]', t('Der Text ließ sich nicht kopieren. Bitte von Hand markieren.')),
    );
  };

  /** The words go along in any case: a link may carry none. */
  #open = () => {
    this.#copy();
    this.#note();
  };

  #note() {
    ask('POST', this.dataset.url ?? '', { json: { state: 'opened', via: this.dataset.via ?? '' } }).catch(() => undefined);
  }

  /** @param {string} place @param {string} words */
  #say(place, words) {
    const line = this.querySelector(place);
    if (line) line.textContent = words;
  }

  #words() {
    return this.querySelector('[data-text]')?.textContent?.trim() ?? '';
  }
}

customElements.define('hand-off', HandOff);
