// @ts-check

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
      this.#files = await Promise.all(links.map(fetchFile));
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
    const { url } = this.dataset;
    if (!url) return;
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-requested-with': 'hand-off' };
    void fetch(url, { method: 'POST', headers, body: 'state=opened', keepalive: true });
  };

  #words() {
    return this.querySelector('[data-text]')?.textContent?.trim() ?? '';
  }
}

/** @param {HTMLAnchorElement} link */
async function fetchFile(link) {
  const answer = await fetch(link.href);
  if (!answer.ok) throw new Error(String(answer.status));
  return new File([await answer.blob()], link.dataset.file ?? 'Foto.jpg', { type: 'image/jpeg' });
}

customElements.define('hand-off', HandOff);
