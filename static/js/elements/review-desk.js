// @ts-check
import { WIDE, hearKeys } from '../lib/desk-keys.js';

/** @type {Record<string, string>} */
const VERDICTS = { f: 'released', r: 'retake', x: 'rejected' };

/**
 * The keyboard of the office's desk. Everything it does is a click on a link or button that works without it;
 * htmx loads, the server decides.
 */
export class ReviewDesk extends HTMLElement {
  /** The photo asked for that has not come yet: until then no key may decide about the one still shown. */
  #coming = '';
  /** A verdict is on its way; it ends before the next key decides. */
  #deciding = false;
  #onward = false;
  #place = '';
  #leave = new AbortController();

  connectedCallback() {
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    hearKeys(signal, (key) => this.#action(key));
    document.addEventListener('htmx:after:swap', (event) => this.#settle(event), { signal });
    document.addEventListener('htmx:error', () => this.#giveUp(), { signal });
    this.addEventListener('submit', (event) => this.#sent(event), { capture: true, signal });
    this.addEventListener('click', (event) => this.#click(event), { capture: true, signal });
    document.getElementById('desk-move')?.addEventListener('click', (event) => this.#chosen(event), { signal });
    this.#mark();
    this.#place = this.#middle?.dataset.place ?? '';
  }

  disconnectedCallback() {
    this.#leave.abort();
  }

  /** @param {string} key @returns {(() => void) | null} */
  #action(key) {
    if (key in VERDICTS) return () => this.#decide(VERDICTS[key]);
    if (key === 'Enter') return document.activeElement?.matches('a, button, summary') && !document.activeElement.closest('.photo-card') ? null : () => this.#page();
    /** @type {Record<string, () => void>} */
    const keys = {
      j: () => this.#step(1), k: () => this.#step(-1), m: () => this.#move(), a: () => this.#pickAll(),
      ' ': () => this.#pick(), Escape: () => this.#unpick(), '?': () => this.#help(),
    };
    if (key === ' ' && document.activeElement?.matches('button, summary')) return null;
    return keys[key] ?? null;
  }

  get #middle() {
    return /** @type {HTMLElement | null} */ (this.querySelector('section[data-place]'));
  }

  get #tiles() {
    return /** @type {HTMLElement[]} */ ([...this.querySelectorAll('section[data-place] .photo-card')]);
  }

  get #picked() {
    return /** @type {HTMLInputElement[]} */ ([...this.querySelectorAll('.photo-pick input:checked')]);
  }

  get #open() {
    return /** @type {HTMLElement | null} */ (this.querySelector('#desk-open [data-photo]'));
  }

  get #current() {
    return this.#tile(this.#coming || this.#open?.dataset.photo);
  }

  /** @param {string | undefined} id */
  #tile(id) {
    return this.#tiles.find((tile) => tile.id === `photo-${id}`) ?? null;
  }

  /** @param {number} by */
  #step(by) {
    const tiles = this.#tiles;
    const here = this.#current;
    const place = here ? tiles.indexOf(here) + by : 0;
    const tile = tiles[Math.max(0, Math.min(tiles.length - 1, place))];
    tile?.querySelector('a')?.focus({ preventScroll: true });
    this.#show(tile);
  }

  /** @param {HTMLElement | undefined} tile */
  #show(tile) {
    tile?.scrollIntoView({ block: 'nearest' });
    tile?.querySelector('a')?.click();
  }

  /** @param {string} id of the photo that is on its way */
  #ask(id) {
    this.#coming = id === this.#open?.dataset.photo ? '' : id;
    this.#mark();
  }

  /** @param {string} verdict */
  #decide(verdict) {
    const many = this.#picked.length > 0;
    if (!many && (this.#coming || this.#deciding)) return;
    const place = many ? '#desk-bulk-actions' : '#desk-open';
    const button = this.querySelector(`${place} button[value=${verdict}]`);
    if (button instanceof HTMLButtonElement) button.click();
  }

  /** After a decision the next new photo comes by itself. @param {Event} event */
  #sent(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
    this.#onward = 'decide' in form.dataset && button?.value !== 'new';
    if ('decide' in form.dataset) [this.#coming, this.#deciding] = ['', true];
    if (form.id === 'desk-bulk') queueMicrotask(() => setTimeout(() => this.#unpick()));
  }

  /** @param {Event} event */
  #settle(event) {
    const open = this.#open;
    if (open?.dataset.photo === this.#coming) this.#coming = '';
    this.#mark();
    this.#arrive();
    if (!this.#deciding || !isVerdict(event)) return;
    this.#deciding = false;
    const next = this.#afterVerdict();
    this.#coming = '';
    if (next) this.#show(next);
  }

  /** A refusal is read first; else the photo chosen meanwhile comes, or the next new one. */
  #afterVerdict() {
    const open = this.#open;
    const tile = this.#tile(open?.dataset.photo);
    if (!open || !tile || 'refused' in open.dataset) return undefined;
    tile.dataset.review = open.dataset.review;
    document.body.dispatchEvent(new CustomEvent('live:photos'));
    if (this.#coming || !this.#onward) return this.#tile(this.#coming) ?? undefined;
    const tiles = this.#tiles;
    return [...tiles.slice(tiles.indexOf(tile) + 1), ...tiles].find((one) => one.dataset.review === 'new');
  }

  /** Nothing came: what is shown is what a key decides about. */
  #giveUp() {
    [this.#coming, this.#deciding, this.#onward] = ['', false, false];
    this.#mark();
  }

  /** Another job was chosen: its first new photo opens, the focus stays where it was. */
  #arrive() {
    const place = this.#middle?.dataset.place ?? '';
    if (place === this.#place) return;
    this.#place = place;
    this.#show(this.#tiles.find((tile) => tile.dataset.review === 'new') ?? this.#tiles[0]);
  }

  /** Which row and which photo are shown, and the photo's place; the server does not know what is open here. */
  #mark() {
    const middle = this.#middle;
    for (const row of this.querySelectorAll('#desk-list .desk-row')) mark(row, row.getAttribute('href') === middle?.dataset.place);
    const tile = this.#current;
    for (const one of this.#tiles) mark(one, one === tile);
    const words = /** @type {HTMLElement | null} */ (this.querySelector('[data-place].tag'));
    const open = this.#tile(this.#open?.dataset.photo);
    if (!words || !open) return;
    words.textContent = `${this.#tiles.indexOf(open) + 1} / ${this.#tiles.length}`;
    words.hidden = false;
  }

  #pick() {
    const box = this.#current?.querySelector('.photo-pick input');
    if (box instanceof HTMLInputElement) box.click();
  }

  #pickAll() {
    const boxes = this.#tiles.filter((tile) => tile.dataset.review === 'new').map((tile) => /** @type {HTMLInputElement} */ (tile.querySelector('.photo-pick input')));
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
  }

  #unpick() {
    for (const box of this.#picked) box.checked = false;
  }

  #move() {
    const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('desk-move'));
    if (!dialog && this.#coming) return;
    if (!dialog) return /** @type {HTMLElement | null} */ (this.querySelector('#desk-open a[data-move]'))?.click();
    if (this.#picked.length === 0) this.#pick();
    if (this.#picked.length > 0) dialog.showModal();
  }

  /** A job was chosen in the dialog: htmx moves the photos, the desk is free again. @param {Event} event */
  #chosen(event) {
    if (!(/** @type {Element} */ (event.target).closest('[name=to]'))) return;
    setTimeout(() => {
      /** @type {HTMLDialogElement} */ (document.getElementById('desk-move')).close();
      this.#unpick();
    });
  }

  #page() {
    const id = this.#coming || this.#open?.dataset.photo;
    if (id) location.assign(`/photos/${id}`);
  }

  #help() {
    /** @type {HTMLDialogElement} */ (document.getElementById('desk-help')).showModal();
  }

  /** At the desk moving opens the dialog, and a verdict on its way goes before the next photo. @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {Element} */ (event.target);
    if (!WIDE.matches) return;
    const card = target.closest('a[hx-get]')?.closest('.photo-card');
    if (card && !event.ctrlKey && !event.metaKey && !event.shiftKey) this.#ask(card.id.replace('photo-', ''));
    const moving = target.closest('[data-move]') && document.getElementById('desk-move');
    if (!moving && !(card && this.#deciding)) return;
    event.preventDefault();
    event.stopPropagation();
    if (moving) this.#move();
  }
}

/** @param {Event} event of htmx */
function isVerdict(event) {
  const { request, target } = /** @type {CustomEvent} */ (event).detail.ctx;
  return request.method === 'POST' && target?.id === 'desk-open';
}

/** @param {Element} element @param {boolean} on */
function mark(element, on) {
  if (on) element.setAttribute('aria-current', 'true');
  else element.removeAttribute('aria-current');
}

customElements.define('review-desk', ReviewDesk);
