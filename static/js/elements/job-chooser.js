// @ts-check
import { h, icon } from '../lib/dom.js';
import { notKeptWords } from '../lib/reasons.js';
import { n, t } from '../lib/text.js';
import { localIso } from '../lib/time.js';
import { getMeta, setMeta } from '../offline/db.js';
import { quietFix } from '../offline/here.js';
import { enqueue, whyNotKept } from '../offline/outbox.js';
import { wordsOf } from '../offline/pages/jobs.js';
import { offers } from '../offline/choices.js';
import { address, knownJobs } from '../offline/readmodel.js';
import { activeSession } from '../offline/session.js';
import { sendSoon } from '../offline/triggers.js';

/** @typedef {import('../offline/readmodel.js').Job} Job */
/** @typedef {{ id: string, title: string }} Choice */

const SHOWN_AT_MOST = 30;

/** The job last chosen on this phone, if it is still known. @returns {Promise<Choice | null>} */
export async function lastJob() {
  return findJob((await getMeta('last-job'))?.id);
}

/** @param {string | null | undefined} id @returns {Promise<Choice | null>} */
export async function findJob(id) {
  if (!id) return null;
  const job = (await knownJobs()).find((one) => one.id === id);
  return job ? { id: job.id, title: job.title } : null;
}

/** A sheet to choose a job: in the order they are likely meant, searched, new, or none. */
export class JobChooser extends HTMLElement {
  #dialog = h('dialog', { class: 'dialog chooser', 'aria-label': t('Auftrag wählen') });
  #list = h('ul', { class: 'chooser-list' });
  #search = h('input', { class: 'input', type: 'search', placeholder: t('Auftrag suchen'), 'aria-label': t('Auftrag suchen'), input: () => this.#fill() });
  /** @type {import('../offline/choices.js').Offer[]} */
  #offers = [];

  connectedCallback() {
    if (!this.#dialog.isConnected) this.append(this.#dialog);
  }

  /** Opens the sheet; the choice comes as the event `choose` with `detail` = Choice or null for unsorted. */
  async open() {
    this.#offers = await offers();
    this.#search.value = '';
    this.#dialog.replaceChildren(
      h('div', { class: 'dialog-head' }, h('h1', {}, t('Auftrag wählen')),
        h('button', { type: 'button', class: 'btn quiet', click: () => this.#dialog.close() }, t('Zurück'))),
      this.#search, this.#list, this.#newJob(),
      h('button', { type: 'button', class: 'btn', click: () => void this.#choose(null) }, t('Ohne Auftrag (das Büro sortiert)')),
    );
    this.#fill();
    this.#dialog.showModal();
    await this.#lookAround();
  }

  /** The near ones come first once the phone knows where it is; who is already searching is not disturbed. */
  async #lookAround() {
    const fix = await quietFix();
    if (!fix || this.#search.value) return;
    this.#offers = await offers({ fix });
    this.#fill();
  }

  #fill() {
    const wanted = this.#search.value.trim().toLocaleLowerCase();
    const hits = this.#offers.filter(({ job }) => wordsOf(job).includes(wanted));
    this.#list.replaceChildren(...hits.slice(0, SHOWN_AT_MOST).map((offer) => this.#row(offer)));
    const more = hits.length - SHOWN_AT_MOST;
    if (hits.length === 0) this.#list.append(h('li', { class: 'sub' }, t('Kein Auftrag gefunden.')));
    else if (more > 0) this.#list.append(h('li', { class: 'sub' }, n(more, 'und {n} weiterer: oben nach Name, Nummer oder Straße suchen', 'und {n} weitere: oben nach Name, Nummer oder Straße suchen')));
  }

  /** @param {import('../offline/choices.js').Offer} offer */
  #row({ job, why }) {
    const hint = [job.number, address(job)].filter(Boolean).join(' · ');
    return h('li', {}, h('button', { type: 'button', class: 'chooser-row', click: () => void this.#choose(job) },
      h('strong', {}, job.title), h('span', { class: 'sub num' }, hint), why && h('span', { class: 'tag' }, why)));
  }

  #newJob() {
    const form = h('form', { class: 'form chooser-new', submit: (event) => void this.#create(event) },
      field('title', t('Name des Auftrags'), true), field('street', t('Straße'), false), field('city', t('Ort'), false, 100),
      h('button', { class: 'btn primary' }, t('Anlegen und wählen')));
    return h('details', {}, h('summary', { class: 'btn' }, icon('plus'), t('Neuer Auftrag')), form);
  }

  /** A second tap while the first is kept would make two jobs. @param {Event} event */
  async #create(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement} */ (form.querySelector('button'));
    if (button.disabled) return;
    button.disabled = true;
    form.querySelector('.banner')?.remove();
    try {
      await this.#make(new FormData(form));
    } catch (error) {
      form.prepend(h('p', { class: 'banner bad', role: 'alert' }, notKeptWords(whyNotKept(error))));
    }
    button.disabled = false;
  }

  /** @param {FormData} form */
  async #make(form) {
    const session = await activeSession();
    if (!session) throw new Error('signed out');
    const fields = Object.fromEntries(['title', 'street', 'city'].map((name) => [name, String(form.get(name)).trim()]));
    const item = await enqueue({ owner: session.actor, kind: 'job', job: null, captured_at: localIso(), fields });
    void sendSoon();
    await this.#choose({ id: item.id, title: fields.title });
  }

  /** @param {Choice | null} job */
  async #choose(job) {
    if (job) await setMeta('last-job', { id: job.id, title: job.title });
    this.#dialog.close();
    this.dispatchEvent(new CustomEvent('choose', { detail: job && { id: job.id, title: job.title } }));
  }
}

/** @param {string} name @param {string} label @param {boolean} required @param {number} [most] characters the server takes */
function field(name, label, required, most = 200) {
  return h('div', { class: 'field' }, h('label', { for: `chooser-${name}` }, label),
    h('input', { class: 'input', id: `chooser-${name}`, name, required, maxlength: most, autocomplete: 'off' }));
}

customElements.define('job-chooser', JobChooser);
