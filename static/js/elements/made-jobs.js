// @ts-check
import { FromRows } from './from-rows.js';
import { localJobs } from '../offline/readmodel.js';
import { jobRow } from '../offline/rows.js';

/** On a list of jobs: those made on this phone that the list does not show yet. */
export class MadeJobs extends FromRows {
  async redraw() {
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
