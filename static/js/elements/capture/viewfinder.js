// @ts-check
import '../state-line.js';
import { Gestures } from './gestures.js';
import { h } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

const WORD_MS = 900;
const RING_MS = 900;
const PRESS_MS = 120;

/** @typedef {import('../../lib/camera-abilities.js').Point} Point */
/** @typedef {{ step: (by: 1 | -1) => void, focus: (point: Point) => Promise<boolean>, zoom: (ratio: number) => void, zoomed: () => void }} Acts */

/** The picture of the camera and everything that is written on it. */
export class Viewfinder {
  #wordTimer = 0;
  video = h('video', { playsinline: true, muted: true, autoplay: true, 'aria-label': t('Bild der Kamera') });
  grid = h('div', { class: 'capture-grid', hidden: true });
  #notice = h('p', { class: 'capture-notice', role: 'alert', hidden: true });
  #safe = h('p', { class: 'capture-safe', role: 'status' });
  #word = h('p', { class: 'capture-word', role: 'status', hidden: true });
  #ring = h('div', { class: 'capture-ring', hidden: true });
  element = h('div', { class: 'capture-view' }, this.video, this.grid, this.#ring, this.#word, document.createElement('state-line'), this.#notice, this.#safe);

  /** @param {Acts} acts */
  constructor(acts) {
    new Gestures(this.element, {
      swipe: acts.step,
      pinch: acts.zoom,
      pinched: acts.zoomed,
      tap: (event) => void this.#focus(event, acts),
    });
  }

  /** @param {string} words */
  say(words) {
    this.#notice.textContent = words;
    this.#notice.hidden = false;
  }

  hush() {
    this.#notice.hidden = true;
  }

  /** @param {string} words */
  safe(words) {
    this.#safe.textContent = words;
  }

  /** A word over the whole picture that fades by itself. @param {string} text */
  shout(text) {
    clearTimeout(this.#wordTimer);
    this.#word.textContent = text;
    this.#word.hidden = false;
    this.#word.classList.remove('is-fading');
    this.#wordTimer = setTimeout(() => this.#word.classList.add('is-fading'), WORD_MS);
  }

  /** The picture draws in its edge for a moment; nothing flashes. */
  press() {
    this.element.classList.add('is-pressed');
    setTimeout(() => this.element.classList.remove('is-pressed'), PRESS_MS);
  }

  /** @param {PointerEvent} event @param {Acts} acts */
  async #focus(event, acts) {
    const box = this.element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (!(await acts.focus(this.#pointAt(x, y, box)))) return;
    this.#ring.style.translate = `${x}px ${y}px`;
    this.#ring.hidden = false;
    setTimeout(() => {
      this.#ring.hidden = true;
    }, RING_MS);
  }

  /** Where a place of the box lies in the camera's picture, which is larger than the box (object-fit: cover). @param {number} x @param {number} y @param {DOMRect} box @returns {Point} */
  #pointAt(x, y, { width, height }) {
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.max(width / videoWidth, height / videoHeight) || 1;
    return { x: inside(0.5 + (x - width / 2) / (videoWidth * scale)), y: inside(0.5 + (y - height / 2) / (videoHeight * scale)) };
  }
}

/** @param {number} part */
function inside(part) {
  return Math.min(1, Math.max(0, part || 0));
}
