// @ts-check
import { findJob, lastJob } from '../job-chooser.js';
import { h } from '../../lib/dom.js';
import { t } from '../../lib/text.js';
import { setMeta } from '../../offline/db.js';

/** @typedef {import('../job-chooser.js').Choice} Choice */

/** The job the next photos belong to, large, and a sheet to change it. */
export class JobBar {
  /** @type {Choice | null} */
  job = null;
  #changed;
  #name = h('span', { class: 'capture-job-name' });
  #chooser = /** @type {import('../job-chooser.js').JobChooser} */ (document.createElement('job-chooser'));
  element = h('div', { class: 'capture-head' },
    h('button', { type: 'button', class: 'capture-job', click: () => void this.#chooser.open() },
      this.#name, h('span', { class: 'capture-job-change' }, t('ändern'))), this.#chooser);

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    this.#chooser.addEventListener('choose', (event) => this.set(/** @type {CustomEvent} */ (event).detail));
  }

  /** The job of the address, else the one last used. */
  async chooseFirst() {
    const wanted = new URLSearchParams(location.search).get('job');
    const job = (await findJob(wanted)) ?? (wanted ? { id: wanted, title: t('Auftrag') } : await lastJob());
    if (wanted) await setMeta('last-job', job);
    this.set(job);
  }

  /** @param {Choice | null} job */
  set(job) {
    this.job = job;
    this.#name.textContent = job?.title ?? t('Ohne Auftrag');
    this.#changed();
  }
}
