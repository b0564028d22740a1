// @ts-check
import { h, icon, present } from '../lib/dom.js';
import { wakeElements } from '../lib/elements.js';
import { first } from '../lib/first.js';
import { t } from '../lib/text.js';
import { modelTime } from '../offline/readmodel.js';
import { render } from '../offline/render.js';
import { drain } from '../offline/upload.js';

/** What the shell must not be taken away under: somebody shoots, speaks, types or sorts. */
const BUSY = 'photo-capture, offline-form, photo-sorter, voice-note';

/** Draws the page of the address asked for, when neither network nor cache had it. */
export class OfflineShell extends HTMLElement {
  connectedCallback() {
    first(this.#draw());
  }

  async #draw() {
    const { title, content, go, back } = await render(new URL(location.href));
    if (go) return location.replace(go);
    await sayHowOld();
    document.title = `${title} – Zollstock`;
    this.replaceChildren(...present(content));
    if (back) document.querySelector('.top-title')?.prepend(h('a', { class: 'top-back', href: back, 'aria-label': t('Zurück') }, icon('back')));
    wakeElements();
    for (const way of document.querySelectorAll('.bar a')) {
      if (way.getAttribute('href') === location.pathname) way.setAttribute('aria-current', 'page');
    }
    addEventListener('online', () => void this.#leave());
  }

  /** Back to the real page once our server answers. */
  async #leave() {
    if (!this.querySelector(BUSY) && (await drain({ forced: true })) === 'done') location.reload();
  }
}

/** A page drawn from the read model is as old as that. */
async function sayHowOld() {
  const at = await modelTime();
  if (at) document.body.dataset.storedAt = new Date(at).toISOString();
  dispatchEvent(new Event('page-drawn'));
}

customElements.define('offline-shell', OfflineShell);
