// @ts-check
import { coalesce } from '../lib/dom.js';
import { onChange } from '../offline/changes.js';

/** An element drawn from this phone's rows by `redraw`: now, and again after every change of theirs. */
export class FromRows extends HTMLElement {
  #stop = () => {};
  #draw = coalesce(() => this.redraw());

  connectedCallback() {
    this.#stop = onChange(() => void this.#draw());
    void this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
  }

  /** @returns {Promise<void>} */
  async redraw() {}
}
