// @ts-check
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** Around the ways of a job: who taps a number finds the note to write when he comes back from the call. */
export class CallWay extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', this.#called);
  }

  disconnectedCallback() {
    this.removeEventListener('click', this.#called);
  }

  #called = (/** @type {Event} */ event) => {
    const link = /** @type {Element} */ (event.target).closest('a[href^="tel:"]');
    if (!link || this.querySelector('.after-call')) return;
    const name = link.textContent?.trim() ?? '';
    this.append(h('p', { class: 'banner after-call', role: 'status' }, h('span', {}, t('Mit {name} telefoniert?', { name })),
      h('a', { class: 'btn primary', href: `/calls/new?job=${this.getAttribute('job')}` }, icon('phone-call'), t('Notieren'))));
  };
}

customElements.define('call-way', CallWay);
