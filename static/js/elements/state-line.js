// @ts-check
import { showAlarm } from './unsent-alarm.js';
import { coalesce, h } from '../lib/dom.js';
import { afterFirst } from '../lib/first.js';
import { n, t } from '../lib/text.js';
import { age, dayAndTime } from '../lib/time.js';
import { ignoresSearch } from '../offline/addresses.js';
import { isLate } from '../offline/alarm.js';
import { showBadge } from '../offline/badge.js';
import { getMeta } from '../offline/db.js';
import { counts, onChange } from '../offline/outbox.js';
import { activeSession } from '../offline/session.js';

/** @typedef {import('../offline/outbox.js').Counts} Counts */

const OFFLINE = new Set(['network', 'portal']);
const AGING_MS = 60_000;
/** `page-drawn`: the shell has drawn a page and knows how old it is. */
const EVENTS = ['online', 'offline', 'pageshow', 'page-drawn'];

/** One line on every page: what is still on this phone, and whether this page is old. */
export class StateLine extends HTMLElement {
  #stop = () => {};
  #shown = '';
  #words = h('span', { role: 'status' });
  #draw = coalesce(() => this.#redraw().catch(() => this.#show(t('Der Speicher antwortet nicht'), 'trouble')));
  #listener = () => void this.#draw();
  #waiting = false;
  #timer = 0;

  connectedCallback() {
    this.classList.add('state-line');
    this.replaceChildren(h('a', { href: '/unsent', title: t('Noch auf dem Handy') }, this.#words));
    void afterFirst().then(() => this.isConnected && this.#begin());
  }

  #begin() {
    this.#stop();
    this.#stop = onChange(this.#listener);
    for (const event of EVENTS) addEventListener(event, this.#listener);
    document.addEventListener('visibilitychange', this.#listener);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#waiting && document.visibilityState === 'visible' && this.#draw(), AGING_MS);
    void this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
    for (const event of EVENTS) removeEventListener(event, this.#listener);
    document.removeEventListener('visibilitychange', this.#listener);
    clearInterval(this.#timer);
  }

  async #redraw() {
    await afterFirst();
    const session = await activeSession();
    const hold = await getMeta('hold');
    const now = session ? await counts(session.actor) : null;
    const offline = !navigator.onLine || OFFLINE.has(hold?.reason);
    const words = [standing(offline), ...(now ? amounts(now, offline) : [])].filter(Boolean).join(' · ');
    this.#waiting = Boolean(now?.waiting);
    showCount(now?.waiting ?? 0);
    showAlarm(now);
    void showBadge(now?.waiting ?? 0);
    this.#show(words, moodOf(now, offline));
  }

  /** @param {string} words @param {string} mood */
  #show(words, mood) {
    this.dataset.state = mood;
    if (this.#shown === words) return;
    this.#shown = words;
    this.#words.textContent = words;
  }
}

/** The number at the way to the list, in the bar of the page. @param {number} waiting */
function showCount(waiting) {
  for (const place of document.querySelectorAll('[data-count=unsent]')) {
    place.textContent = waiting < 100 ? String(waiting) : '99+';
    place.toggleAttribute('hidden', waiting === 0);
  }
}

/** @param {boolean} offline */
function standing(offline) {
  const stored = document.body.dataset.storedAt;
  // A page that scripts draw is never old.
  if (stored && !ignoresSearch(location.pathname)) return t('Stand {time}, offline', { time: dayAndTime(stored) });
  return offline || stored || document.querySelector('offline-shell') ? t('Offline') : '';
}

/** @param {Counts} now @param {boolean} offline */
function amounts({ waiting, sending, problems, login, oldest_ms }, offline) {
  if (waiting === 0) return [t('Alles im Büro')];
  const since = oldest_ms !== null && isLate(oldest_ms) ? ` ${age(oldest_ms)}` : '';
  const held = n(waiting, '{n} noch auf dem Handy', '{n} noch auf dem Handy') + since;
  if (login) return [held, t('Anmeldung nötig')];
  const going = offline || sending === 0 ? '' : n(sending, '{n} wird gesendet', '{n} werden gesendet');
  return [held, going, problems > 0 ? n(problems, '{n} Problem', '{n} Probleme') : ''];
}

/** @param {Counts | null} now @param {boolean} offline */
function moodOf(now, offline) {
  if (now && isLate(now.oldest_ms)) return 'late';
  if (now && (now.problems > 0 || now.login)) return 'trouble';
  if (offline) return 'offline';
  if (now && now.sending > 0) return 'sending';
  return now && now.waiting > 0 ? 'waiting' : 'ok';
}

customElements.define('state-line', StateLine);
