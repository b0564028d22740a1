// @ts-check
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { positionGranted, whereAmI } from '../lib/where.js';
import { distance, nearest } from '../offline/nearness.js';
import { knownJobs } from '../offline/readmodel.js';
import { jobRow } from '../offline/rows.js';
import { activeSession } from '../offline/session.js';

const SHOWN = 3;

/** The jobs around the phone, computed here; only where the company switched positions on, and never asking unasked. */
export class NearJobs extends HTMLElement {
  async connectedCallback() {
    this.hidden = true;
    const session = await activeSession();
    if (!session?.position || !(await this.#placed())) return;
    if (await positionGranted()) return this.#show();
    this.hidden = false;
    this.replaceChildren(h('button', { type: 'button', class: 'btn', click: () => void this.#show() }, icon('pin'), t('Aufträge in der Nähe zeigen')));
  }

  async #placed() {
    return (await knownJobs()).some((job) => job.place);
  }

  async #show() {
    const fix = await whereAmI();
    const near = nearest(fix, await knownJobs()).slice(0, SHOWN);
    this.hidden = false;
    if (near.length === 0) return this.replaceChildren(h('p', { class: 'sub' }, fix ? t('Kein Auftrag in der Nähe.') : t('Das Handy weiß gerade nicht, wo es ist.')));
    this.replaceChildren(h('section', { class: 'section' }, h('h2', {}, t('In der Nähe')),
      h('div', { class: 'job-rows' }, ...near.map(({ job, metres }) => jobRow(job, distance(metres))))));
  }
}

customElements.define('near-jobs', NearJobs);
