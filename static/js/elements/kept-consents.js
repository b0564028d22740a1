// @ts-check
import { takeBack } from '../lib/consent-forms.js';
import { coalesce, h } from '../lib/dom.js';
import { wakeElements } from '../lib/elements.js';
import { t } from '../lib/text.js';
import { dayAndTime } from '../lib/time.js';
import { inStates, onChange, UNSENT } from '../offline/outbox.js';
import { activeSession } from '../offline/session.js';

/** @typedef {import('../offline/db.js').Item} Item */

/** @type {Record<string, string>} */
const NAMES = { service: 'Nachrichten zum Auftrag', photos: 'Fotos', third_party: 'Weitergabe', reference: 'Referenz', advertising: 'Werbung' };

/**
 * What a person said on this phone and the page does not know yet; with the attribute `all` whatever this phone still
 * remembers. Nothing of it counts before the office has it, and it says so.
 */
export class KeptConsents extends HTMLElement {
  /** Ids drawn here: what arrives meanwhile stays, and says so. @type {Set<string>} */
  #shown = new Set();
  #stop = () => {};

  connectedCallback() {
    const draw = coalesce(() => this.#draw());
    this.#stop = onChange(draw);
    void draw();
  }

  disconnectedCallback() {
    this.#stop();
  }

  async #draw() {
    const session = await activeSession();
    if (!session) return;
    const rows = await inStates(session.actor, [...UNSENT, 'stored', 'linked']);
    const his = rows.filter((row) => row.kind === 'consent' && row.body.contact === this.getAttribute('contact'));
    const wanted = his.filter((row) => this.hasAttribute('all') || this.#shown.has(row.id) || row.acked_ms === null).reverse();
    this.#shown = new Set(wanted.map((row) => row.id));
    this.replaceChildren(...wanted.map((row) => this.#card(row)));
    wakeElements();
  }

  /** @param {Item} row */
  #card(row) {
    const [one] = /** @type {{ channel: string, purpose: string, text?: string }[]} */ (row.body.words ?? []);
    const given = row.body.verb === 'granted';
    const about = one && { channel: one.channel, purpose: one.purpose, partner: String(row.body.partner ?? '') };
    const where = row.state === 'needs-attention' ? t('braucht Hilfe, siehe „Noch auf dem Handy“') : row.acked_ms === null ? t('noch auf diesem Handy, gilt noch nicht') : t('ist im Büro');
    return h('article', { class: given ? 'card consent' : 'card consent withdrawn', id: `kept-${row.id}` },
      h('div', { class: 'card-head' }, h('h3', {}, one ? t(NAMES[one.purpose] ?? 'Einwilligung') : t('Alles')),
        h('span', { class: `tag ${given ? 'ok' : 'bad'}` }, given ? t('eingewilligt') : t('widerrufen'))),
      one?.text ? h('blockquote', { lang: 'de' }, one.text) : null,
      h('p', { class: 'sub', role: 'status' }, `${dayAndTime(row.made_ms)} · ${where}`),
      given && about && takeBack(String(row.body.contact), row.job ?? '', t('Widerrufen'), about));
  }
}

customElements.define('kept-consents', KeptConsents);
