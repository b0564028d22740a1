// @ts-check
import { picture } from '../lib/dom.js';
import { read } from '../offline/db.js';

/** @typedef {{ id: string, alt: string }} Wanted */

const AHEAD = '400px';

/**
 * Fills places with pictures once they come near the window, all of one glance with one read: five hundred photos
 * cost what fits on the screen.
 */
export class LazyThumbs {
  /** @type {WeakMap<Element, Wanted>} */
  #wanted = new WeakMap();
  #observer = new IntersectionObserver((entries) => {
    const near = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
    for (const place of near) this.#observer.unobserve(place);
    if (near.length > 0) void this.#fill(near);
  }, { rootMargin: AHEAD });

  /** @param {Element} place @param {string} id of the item @param {string} alt */
  watch(place, id, alt) {
    this.#wanted.set(place, { id, alt });
    this.#observer.observe(place);
  }

  stop() {
    this.#observer.disconnect();
  }

  /** @param {Element[]} places */
  async #fill(places) {
    const wanted = places.map((place) => /** @type {Wanted} */ (this.#wanted.get(place)));
    const thumbs = await read(['thumbs'], (tx) => Promise.all(wanted.map(({ id }) => tx.objectStore('thumbs').get(id))));
    places.forEach((place, at) => {
      if (thumbs[at]) place.replaceChildren(picture(thumbs[at], wanted[at].alt));
    });
  }
}
