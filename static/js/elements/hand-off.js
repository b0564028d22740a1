// @ts-check
import { ask, fetchFile } from '../lib/http.js';

/**
 * Hands photos and words to the messenger on this phone. The files are here before the button is, because between
 * the tap and `navigator.share` nothing may be waited for: iOS would drop the tap. Words go by the clipboard, for
 * WhatsApp loses files or words when both are shared at once. Without us the links beside the photos do it.
 */
export class HandOff extends HTMLElement {
  /** @type {File[]} */
  #files = [];

  connectedCallback() {
    this.querySelector('[data-open]')?.addEventListener('click', this.#opened);
    this.querySelector('[data-share]')?.addEventListener('click', this.#share);
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
    void navigator.clipboard?.writeText(this.#words()).catch(() => undefined);
    navigator.share({ files: this.#files }).then(this.#opened, () => undefined);
  };

  #opened = () => {
    ask('POST', this.dataset.url ?? '', { json: { state: 'opened' } }).catch(() => undefined);
  };

  #words() {
    return this.querySelector('[data-text]')?.textContent?.trim() ?? '';
  }
}

customElements.define('hand-off', HandOff);
