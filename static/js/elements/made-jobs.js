// @ts-check
import { coalesce } from '../lib/dom.js';
import { localJobs } from '../offline/readmodel.js';
import { onChange } from '../offline/outbox.js';
import { jobRow } from '../offline/rows.js';

/** On a list of jobs: those made on this phone that the list does not show yet. */
export class MadeJobs extends HTMLElement {
  #stop = () => {};
  #draw = coalesce(() => this.#redraw());

  connectedCallback() {
    this.#stop = onChange(() => void this.#draw());
    void this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
  }

  async #redraw() {
    const jobs = (await localJobs()).filter(({ id }) => !shownElsewhere(`/jobs/${id}`, this));
    this.hidden = jobs.length === 0;
    this.replaceChildren(...jobs.map((one) => jobRow(one)));
  }
}

/** @param {string} href @param {Element} here */
function shownElsewhere(href, here) {
  return [...document.querySelectorAll(`a[href="${href}"]`)].some((link) => !here.contains(link));
}

customElements.define('made-jobs', MadeJobs);
