// @ts-check
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { callsOf, forgetCalled, keepCalled, noteOf } from '../offline/called.js';
import { activeSession } from '../offline/session.js';

/** What can come of a call, each one tap from its note. */
const OUTCOMES = [['reached', 'erreicht'], ['missed', 'nicht erreicht'], ['mailbox', 'Mailbox'], ['callback', 'ruft zurück']];

/**
 * Around numbers to dial: who taps one finds the note to write when he comes back from the call, here or on any other
 * page with such an element, for a day. Its attributes `job`, `contact`, `question` and `name` say what the call is about;
 * `quiet`: the note's form stands here already, only other pages offer it.
 */
export class CallWay extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', this.#dialled);
    document.addEventListener('visibilitychange', this.#back);
    addEventListener('pageshow', this.#back);
    void this.#offer();
  }

  disconnectedCallback() {
    this.removeEventListener('click', this.#dialled);
    document.removeEventListener('visibilitychange', this.#back);
    removeEventListener('pageshow', this.#back);
  }

  #dialled = (/** @type {Event} */ event) => {
    const link = /** @type {Element} */ (event.target).closest('a[href^="tel:"]');
    if (!link) return;
    const word = (/** @type {string} */ name) => this.getAttribute(name) ?? '';
    const called = { name: word('name') || (link.textContent?.trim() ?? ''), job: word('job'), contact: word('contact'), question: word('question'), at_ms: Date.now() };
    void this.#keep(called);
  };

  /** @param {Omit<import('../offline/called.js').Called, 'owner'>} called */
  async #keep(called) {
    const session = await activeSession();
    if (!session) return;
    await keepCalled({ owner: session.actor, ...called });
    await this.#offer();
  }

  #back = () => {
    if (!document.hidden) void this.#offer();
  };

  /** Shows the offers here if no other element on the page does. */
  async #offer() {
    if (this.hasAttribute('quiet')) return;
    const session = await activeSession();
    const calls = session ? await callsOf(session.actor) : [];
    const shown = [...document.querySelectorAll('.after-call')];
    const wanted = calls.map(({ at_ms }) => String(at_ms)).join();
    if (wanted && (!this.isConnected || shown.map((box) => box.getAttribute('data-at')).join() === wanted)) return;
    for (const box of shown) box.remove();
    this.prepend(...calls.map(offer));
  }
}

/** @param {import('../offline/called.js').Called} called */
function offer({ name, job, contact, question, at_ms }) {
  const about = Object.entries({ job, contact, question }).filter(([, value]) => value);
  const note = (/** @type {string} */ outcome) => `/calls/new?${new URLSearchParams([...about, ['outcome', outcome]])}#${noteOf(at_ms)}`;
  const ways = OUTCOMES.map(([outcome, words]) => h('a', { class: 'btn', href: note(outcome) }, t(words)));
  const box = h('section', { class: 'card after-call', 'data-at': at_ms, 'aria-label': t('Telefonnotiz') },
    h('p', { role: 'status' }, icon('phone-call'), t('Mit {name} telefoniert?', { name })),
    h('div', { class: 'after-call-ways' }, ...ways),
    h('button', { class: 'btn quiet small', type: 'button', click: () => void forgetCalled((one) => one.at_ms === at_ms).then(() => box.remove()) }, t('Keine Notiz')));
  return box;
}

customElements.define('call-way', CallWay);
