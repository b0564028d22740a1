// @ts-check
import { h } from '../lib/dom.js';
import { callFields } from '../lib/calls.js';
import { noted } from '../offline/called.js';
import { notKeptWords } from '../lib/reasons.js';
import { t } from '../lib/text.js';
import { localIso } from '../lib/time.js';
import { officeAnswers } from '../offline/have.js';
import { enqueue, whyNotKept } from '../offline/outbox.js';
import { findJob } from './job-chooser.js';
import { activeSession } from '../offline/session.js';
import { sendSoon } from '../offline/triggers.js';

/** @typedef {'note' | 'question' | 'job' | 'call' | 'consent'} Kept */
/** @typedef {(form: FormData, element: HTMLFormElement) => Record<string, unknown>} Fields */

/** The fields of PUT /sync/items/{id}, from form fields of the same names as without JavaScript. @type {Record<string, Fields>} */
const FIELDS = {
  note: (form) => ({ text: word(form, 'text') }),
  question: (form) => ({ text: word(form, 'text'), choices: words(form, 'choices').slice(0, 3), refs: words(form, 'photos') }),
  call: (form, element) => callFields(element, form),
  job: (form) => ({ title: word(form, 'title'), street: word(form, 'street'), city: word(form, 'city') }),
};

/**
 * Wraps a form of the kind named by its attribute `kind`: what is typed is kept on the phone first and sent then.
 * Where nothing can be kept, the form goes to the server as it would without us.
 */
export class OfflineForm extends HTMLElement {
  /** A second tap while the first is kept would keep it twice. */
  #keeping = false;
  /** When this page was got, by this phone's clock. */
  #shown_ms = Date.parse(document.body.dataset.storedAt ?? '') || Date.now();

  connectedCallback() {
    this.addEventListener('submit', this.#submit);
    addEventListener('pageshow', this.#again);
  }

  disconnectedCallback() {
    this.removeEventListener('submit', this.#submit);
    removeEventListener('pageshow', this.#again);
  }

  #again = () => {
    this.#keeping = false;
  };

  #submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (this.#keeping) return;
    this.#keeping = true;
    void this.#keep(/** @type {HTMLFormElement} */ (event.target), new FormData(/** @type {HTMLFormElement} */ (event.target), event.submitter));
  };

  /** @param {HTMLFormElement} form @param {FormData} data with the button that was pressed */
  async #keep(form, data) {
    const kind = /** @type {Kept} */ (this.getAttribute('kind'));
    const session = await activeSession().catch(() => null);
    if (!session) return this.#leaveOrSay(form, data, t('Nicht gesichert: Hier ist niemand angemeldet. Diese Seite offen lassen, mit Netz in einem zweiten Fenster anmelden, dann noch einmal.'));
    const job = word(data, 'job') || null;
    let next = this.getAttribute('next') ?? (job ? `/jobs/${job}` : '/');
    try {
      const captured_at = localIso();
      const { fields, file } = kind === 'consent' ? await this.#consent(data) : { fields: FIELDS[kind](data, form) };
      const { id } = await enqueue({ owner: session.actor, kind, job, captured_at, file, fields: { ...fields, ...(await hint(kind, job)) } });
      if (kind === 'job') next = `/jobs/${id}`;
    } catch (error) {
      return this.#leaveOrSay(form, data, notKeptWords(whyNotKept(error)));
    }
    // From here on it is kept: whatever stumbles must not let it be sent a second time.
    if (kind === 'call') await noted(location.hash, { job: job ?? '', contact: word(data, 'contact') }).catch(console.warn);
    await spoken();
    await Promise.race([sendSoon().catch(console.warn), soon()]);
    location.assign(next);
  }

  /** Where the office answers it goes as it would without us; into nothing the words would be gone with their page. @param {HTMLFormElement} form @param {FormData} data @param {string} otherwise */
  async #leaveOrSay(form, data, otherwise) {
    if (await officeAnswers()) plainly(form, data);
    else this.#say(otherwise);
  }

  /** Only a page with such a form loads what it needs. @param {FormData} data @returns {Promise<{ fields: Record<string, unknown>, file?: Blob }>} */
  async #consent(data) {
    const { consentFields } = await import('../lib/consent-fields.js');
    return consentFields(data, this.#shown_ms);
  }

  /** @param {string} words */
  #say(words) {
    this.#keeping = false;
    this.querySelector('.banner')?.remove();
    this.prepend(h('p', { class: 'banner bad', role: 'alert' }, words));
  }
}

/** As it would go without us, the pressed button included. @param {HTMLFormElement} form @param {FormData} data */
function plainly(form, data) {
  const proof = data.get('proof');
  if (proof) form.append(h('input', { type: 'hidden', name: 'proof', value: String(proof) }));
  form.submit();
}

/** The name of the job as it was known here, should the server not know the job. @param {string} kind @param {string | null} job */
async function hint(kind, job) {
  if (kind === 'job' || !job) return {};
  return { job_hint: (await findJob(job))?.title ?? '' };
}

/** A voice note still being recorded beside the form ends with it; leaving would cut off its last seconds. */
async function spoken() {
  const notes = /** @type {import('./voice-note.js').VoiceNote[]} */ ([...document.querySelectorAll('voice-note:defined')]);
  await Promise.all(notes.map((note) => note.finish()));
}

/** A quick server shows the result on the next page; a slow one makes nobody wait. */
function soon() {
  return new Promise((resolve) => setTimeout(resolve, 600));
}

/** @param {FormData} form @param {string} name */
function word(form, name) {
  return String(form.get(name) ?? '').trim();
}

/** @param {FormData} form @param {string} name */
function words(form, name) {
  return form.getAll(name).map((value) => String(value).trim()).filter(Boolean);
}

customElements.define('offline-form', OfflineForm);
