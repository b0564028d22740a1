// @ts-check
import { present } from '../lib/dom.js';
import { wakeElements } from '../lib/elements.js';
import { render } from '../offline/render.js';
import { drain } from '../offline/upload.js';

/** Draws the page of the address asked for, when neither network nor cache had it. */
export class OfflineShell extends HTMLElement {
  async connectedCallback() {
    const { title, content } = await render(new URL(location.href));
    document.title = `${title} – Zollstock`;
    this.replaceChildren(...present(content));
    wakeElements();
    for (const way of document.querySelectorAll('.bar a')) {
      if (way.getAttribute('href') === location.pathname) way.setAttribute('aria-current', 'page');
    }
    addEventListener('online', () => void this.#leave());
  }

  /** Back to the real page once our server answers, unless somebody is shooting or typing. */
  async #leave() {
    const busy = this.querySelector('photo-capture, offline-form');
    if (!busy && (await drain({ forced: true })) === 'done') location.reload();
  }
}

customElements.define('offline-shell', OfflineShell);
