// @ts-check
import { findJob, lastJob } from '../job-chooser.js';
import { h, icon } from '../../lib/dom.js';
import { afterFirst } from '../../lib/first.js';
import { t } from '../../lib/text.js';
import { namesOf } from '../../offline/choices.js';
import { setMeta } from '../../offline/db.js';
import { distance, nearest } from '../../offline/nearness.js';
import { knownJobs, refresh } from '../../offline/readmodel.js';

/** Nearer than this, another job than the chosen one is worth a word; without any, a whole town is. */
const ON_SITE_M = 300;

/** @typedef {import('../job-chooser.js').Choice} Choice */

/** The job the next photos belong to, large; a sheet to change it; the nearest one as an offer of one tap. */
export class JobBar {
  /** @type {Choice | null} */
  job = null;
  #changed;
  #name = h('span', { class: 'capture-job-name' });
  #near = h('button', { type: 'button', class: 'capture-near', hidden: true });
  #chooser = /** @type {import('../job-chooser.js').JobChooser} */ (document.createElement('job-chooser'));
  element = h('div', { class: 'capture-head' },
    h('button', { type: 'button', class: 'capture-job', click: () => void this.#chooser.open() },
      this.#name, h('span', { class: 'capture-job-change' }, t('ändern'))), this.#near, this.#chooser);

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    this.#chooser.addEventListener('choose', (event) => void this.choose(/** @type {CustomEvent} */ (event).detail));
  }

  /** The job of the address, else the one last used. */
  async chooseFirst() {
    const wanted = new URLSearchParams(location.search).get('job');
    const job = (await findJob(wanted)) ?? (wanted ? { id: wanted, title: '' } : await lastJob());
    if (wanted) await setMeta('last-job', job);
    this.set(job);
    if (job && !job.title) void refresh().then(() => this.#learnTitle(job.id));
  }

  /** A phone that never heard of the job learns its name a moment later. @param {string} id */
  async #learnTitle(id) {
    const job = await findJob(id);
    if (job && this.job?.id === id) this.set(job);
  }

  /**
   * Chooses and remembers, in the address as well: behind the phone's own camera this page may be thrown out and
   * loaded anew, and what is taken then belongs to this job, not to the one it was opened for.
   * @param {Choice | null} job @param {string} [beside] what else the address says
   */
  async choose(job, beside = '') {
    this.set(job);
    history.replaceState(history.state, '', `/capture?${new URLSearchParams(job ? { job: job.id } : {})}${beside}`);
    await setMeta('last-job', job ?? undefined);
  }

  /** The job of the photo laid over, if the phone knows it. @param {string} id */
  async chooseById(id) {
    const job = await findJob(id);
    const ghost = new URLSearchParams(location.search).get('ghost');
    if (job) await this.choose(job, ghost ? `&ghost=${ghost}` : '');
  }

  /** @param {Choice | null} job */
  set(job) {
    this.job = job;
    this.#name.textContent = job ? job.title || t('Auftrag') : t('Ohne Auftrag');
    this.quiet();
    this.#changed();
    if (job) void afterFirst().then(() => this.#tellApart(job)).catch(console.warn);
  }

  /** Of several jobs with one name the number says which this is, or its address while it has none. @param {Choice} job */
  async #tellApart({ id, title }) {
    const name = namesOf(await knownJobs()).get(id) || title;
    if (name && this.job?.id === id) this.#name.textContent = name;
  }

  /** Offers the job that is nearest, unless it is chosen already. @param {{ lat: number, lon: number } | null} fix */
  async offer(fix) {
    const jobs = await knownJobs();
    const [first] = nearest(fix, jobs, this.job ? ON_SITE_M : undefined);
    if (!first || first.job.id === this.job?.id) return this.quiet();
    const { id, title } = first.job;
    this.#near.replaceChildren(icon('pin'), h('span', {}, t('{distance}: {job}', { distance: distance(first.metres), job: namesOf(jobs).get(id) ?? title })), h('b', {}, t('wählen')));
    this.#near.onclick = () => void this.choose({ id, title });
    this.#near.hidden = false;
  }

  /** Whoever shoots without taking the offer has decided. */
  quiet() {
    this.#near.hidden = true;
  }
}
