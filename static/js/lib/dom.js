// @ts-check
/** @typedef {string | number | Node | null | undefined | false} Child */

/**
 * Builds one element; text becomes text nodes, so data can never become markup.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null | undefined | EventListener>} [attributes] functions are listeners
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...present(children));
  return element;
}

/** @param {Child[]} children */
export function present(children) {
  return /** @type {(string | Node)[]} */ (
    children.filter((child) => child !== null && child !== undefined && child !== false)
      .map((child) => (typeof child === 'number' ? String(child) : child))
  );
}

const SVG = 'http://www.w3.org/2000/svg';
const SPRITE = new URL('../../icons/sprite.svg', import.meta.url).pathname;

/** A drawing beside words, from the one sprite. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

const MARKS = { waiting: 'circle', sending: 'sending', office: 'check', trouble: 'warn' };

/** The same mark as shared/_mark.html. @param {keyof typeof MARKS} state @param {string} words */
export function mark(state, words) {
  return h('span', { class: 'mark', 'data-state': state }, icon(MARKS[state]), h('span', { class: 'visually-hidden' }, words));
}

/**
 * An image from bytes that lie on the phone; the address is given back once the picture is drawn.
 * @param {ArrayBuffer | undefined | null} bytes @param {string} alt
 */
export function picture(bytes, alt) {
  if (!bytes) return h('span', { class: 'no-picture', role: 'img', 'aria-label': alt });
  const image = h('img', { alt, decoding: 'async' });
  image.src = URL.createObjectURL(new Blob([bytes], { type: 'image/jpeg' }));
  const release = () => URL.revokeObjectURL(image.src);
  image.addEventListener('load', release, { once: true });
  image.addEventListener('error', release, { once: true });
  return image;
}

/**
 * Runs a redraw at most once at a time; calls during a run cause exactly one more.
 * @param {() => Promise<void>} work
 */
export function coalesce(work) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = false;
    }
  };
}
