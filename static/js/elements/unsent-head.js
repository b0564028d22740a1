// @ts-check
import { h, icon } from '../lib/dom.js';
import { pieces } from '../lib/pieces.js';
import { pauseWords } from '../lib/reasons.js';
import { t } from '../lib/text.js';
import { age } from '../lib/time.js';
import { UnfoldRule } from './unfold-rule.js';
import { SIGN_IN } from '../offline/addresses.js';
import { isLate } from '../offline/alarm.js';
import { PICTURES } from '../offline/filings.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {import('../offline/overview.js').Overview} Overview */

/** How far it is, what stands in the way, and the two ways out: to the office, or as a copy onto the phone. */
export class UnsentHead {
  element = h('section', { class: 'unsent-head', 'aria-label': t('Stand') });
  #rule = new UnfoldRule();
  #words = h('p', { class: 'unsent-sum num' });
  #trouble = h('div', { class: 'stack', hidden: true });
  #said = h('p', { class: 'unsent-said sub num', role: 'status' });
  #again = h('div', { class: 'actions', hidden: true });
  #send;
  #pack;

  /** @param {{ send: () => void, pack: () => void }} acts */
  constructor(acts) {
    this.#send = h('button', { type: 'button', class: 'btn primary big', click: acts.send }, icon('send'), t('Jetzt senden'));
    this.#pack = h('button', { type: 'button', class: 'btn', click: acts.pack }, icon('download'), t('Alles als ZIP sichern'));
    this.element.append(this.#rule.element, this.#words, this.#send, this.#trouble, this.#pack, this.#said, this.#again);
  }

  /** @param {Overview} now */
  show({ unsent, arrived, hold }) {
    this.#progress(unsent.filter(isTaken), arrived.filter(isTaken));
    const troubles = [late(unsent), paused(unsent, hold), unsent.length > 0 && stayOpen()].filter((one) => one instanceof Node);
    this.#trouble.hidden = troubles.length === 0;
    this.#trouble.replaceChildren(...troubles);
    this.#send.hidden = this.#pack.hidden = unsent.length === 0;
  }

  /** @param {Item[]} owed @param {Item[]} arrived */
  #progress(owed, arrived) {
    const [total, safe] = [owed.length + arrived.length, arrived.length];
    const sending = owed.filter((item) => item.state === 'sending').length;
    const words = t('{safe} von {what} sicher im Büro', { safe, what: pieces([...owed, ...arrived]) });
    this.#rule.element.hidden = this.#words.hidden = total === 0;
    if (total > 0) this.#rule.show({ total, safe, sending, words, label: t('Fotos im Büro') });
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }

  /** @param {string} words @param {(() => void) | null} [again] what one more tap does */
  say(words, again = null) {
    this.#said.textContent = words;
    this.#again.hidden = !again;
    this.#again.replaceChildren(...(again ? [h('button', { type: 'button', class: 'btn', click: again }, icon('share'), t('Kopien weitergeben'))] : []));
  }
}

/** @param {Item} item */
function isTaken(item) {
  return PICTURES.has(item.kind);
}

/** @param {Item[]} unsent */
function late(unsent) {
  const oldest = unsent.length > 0 ? Math.min(...unsent.map((item) => item.made_ms)) : null;
  if (oldest === null || !isLate(oldest)) return null;
  return h('p', { class: 'banner bad' }, icon('clock'), h('span', {}, t('Nicht gesendet {age}. Mit Netz jetzt senden, sonst Kopien sichern.', { age: age(oldest) })));
}

/** @param {Item[]} unsent @param {{ reason: string } | undefined} hold */
function paused(unsent, hold) {
  const words = unsent.length > 0 ? pauseWords(hold?.reason) : null;
  return words && h('p', { class: 'banner warn' }, icon('info'), h('span', {}, words), hold?.reason === 'login' && h('a', { class: 'btn', href: SIGN_IN }, t('Anmelden')));
}

/** Only Chromium goes on by itself once the page is left (workbox#2386). */
function stayOpen() {
  return 'SyncManager' in globalThis ? null : h('p', { class: 'sub' }, t('Zollstock offen lassen, bis alles im Büro ist.'));
}
