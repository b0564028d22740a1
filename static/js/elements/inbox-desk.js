// @ts-check
import { WIDE, hearKeys } from '../lib/desk-keys.js';


/** The keyboard of the shared inbox. Everything it does is a link, a button or a field that works without it. */
export class InboxDesk extends HTMLElement {
  /** Another page was asked for and has not come: until then no key acts on the one still shown. */
  #leaving = false;
  #leave = new AbortController();

  connectedCallback() {
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    hearKeys(signal, (key) => this.#action(key));
    document.addEventListener('htmx:after:swap', () => this.#mark(), { signal });
    window.addEventListener('beforeunload', () => { this.#leaving = true; }, { signal });
    window.addEventListener('pageshow', () => { this.#leaving = false; }, { signal });
    this.#toNewest();
  }

  disconnectedCallback() {
    this.#leave.abort();
  }

  /** @param {string} key @returns {(() => void) | undefined} */
  #action(key) {
    if (this.#leaving || this.#elsewhere && 'rnale'.includes(key)) return undefined;
    /** @type {Record<string, () => void>} */
    const keys = {
      j: () => this.#step(1), k: () => this.#step(-1), '?': () => this.#help(),
      r: () => this.#focus('#text'), n: () => this.#focus('#note'), a: () => this.#focus('[data-key=a]'),
      l: () => this.#focus('[data-key=l]'), e: () => this.#click('[data-key=e]'), '/': () => this.#focus('[name=q]'),
    };
    return keys[key];
  }

  /** A row is in focus that is not the conversation shown: a deed would hit the wrong one. */
  get #elsewhere() {
    const row = document.activeElement?.closest('.talk-row');
    return row !== null && row !== undefined && !row.hasAttribute('aria-current');
  }

  /** @param {number} by */
  #step(by) {
    const rows = /** @type {HTMLElement[]} */ ([...this.querySelectorAll('.talk-row')]);
    const here = rows.findIndex((row) => row === document.activeElement);
    const from = here >= 0 ? here : rows.findIndex((row) => row.hasAttribute('aria-current'));
    const row = rows[Math.max(0, Math.min(rows.length - 1, from < 0 ? 0 : from + by))];
    row?.focus();
    row?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {string} selector */
  #focus(selector) {
    const field = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    field?.closest('details')?.setAttribute('open', '');
    field?.focus();
    field?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {string} selector */
  #click(selector) {
    const button = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    button?.click();
  }

  #help() {
    /** @type {HTMLDialogElement | null} */ (document.getElementById('talk-help'))?.showModal();
  }

  /** What is new stays in sight where the end of the thread was in sight before. */
  #mark() {
    const pane = this.querySelector('.talk-thread');
    if (pane && pane.scrollHeight - pane.scrollTop - pane.clientHeight < 600) this.#toNewest();
  }

  #toNewest() {
    if (location.hash && location.hash !== '#newest') return;
    const pane = this.querySelector('.talk-thread');
    if (pane && WIDE.matches) pane.scrollTop = pane.scrollHeight;
    else this.querySelector('#newest')?.scrollIntoView({ block: 'nearest' });
  }
}

customElements.define('inbox-desk', InboxDesk);
