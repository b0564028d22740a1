// @ts-check
import { JobChooser } from './job-chooser.js';
import { groupCard } from './sorter-group.js';
import { coalesce, h, icon } from '../lib/dom.js';
import { pieces } from '../lib/pieces.js';
import { notKeptWords } from '../lib/reasons.js';
import { n, t } from '../lib/text.js';
import { offering } from '../offline/choices.js';
import { groupsOf, placeOf } from '../offline/groups.js';
import { quietFix } from '../offline/here.js';
import { onChange, whyNotKept } from '../offline/outbox.js';
import { sendSoon } from '../offline/triggers.js';
import { file, looseOnes, takeBack } from '../offline/unsorted.js';

/** @typedef {import('../offline/unsorted.js').Loose} Loose */
/** @typedef {import('./job-chooser.js').Choice} Choice */

/** So long a filing may be taken back before it is sent. */
const UNDO_MS = 8_000;
const OFFERED = 3;

/** The end of the day: photos without a job, in groups by time and place, one swipe or tap each. */
export class PhotoSorter extends HTMLElement {
  #stop = () => {};
  #draw = coalesce(() => this.#redraw());
  #head = h('div', { class: 'stack' });
  #list = h('div', { class: 'stack sorter-groups' });
  #said = h('div', { class: 'sorter-said', role: 'status' });
  #chooser = /** @type {JobChooser} */ (document.createElement('job-chooser'));
  /** @type {Loose[]} */
  #choosing = [];
  #filed = /** @type {Loose[]} */ ([]);
  /** Ids on their way to a job. @type {Set<string>} */
  #filing = new Set();
  #timer = 0;
  /** @type {Promise<{ lat: number, lon: number } | null>} */
  #fix = Promise.resolve(null);

  connectedCallback() {
    this.#chooser.addEventListener('choose', (event) => this.#chosen(/** @type {CustomEvent} */ (event).detail));
    this.replaceChildren(this.#head, this.#list, this.#said, this.#chooser);
    this.#fix = quietFix();
    this.#stop = onChange(() => void this.#draw());
    addEventListener('pagehide', this.#flush);
    document.addEventListener('visibilitychange', this.#flush);
    void this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
    removeEventListener('pagehide', this.#flush);
    document.removeEventListener('visibilitychange', this.#flush);
    this.#flush();
  }

  /** Who puts the phone away takes nothing back any more. */
  #flush = () => {
    if (!this.#timer || (this.isConnected && document.visibilityState === 'visible')) return;
    clearTimeout(this.#timer);
    this.#sent();
  };

  #sent() {
    this.#timer = 0;
    this.#said.replaceChildren();
    void sendSoon();
  }

  async #redraw() {
    const loose = await looseOnes();
    const groups = groupsOf(loose).reverse();
    this.#head.replaceChildren(...headOf(loose, groups.length));
    const old = new Map([...this.#list.children].map((card) => [card.id, /** @type {HTMLElement} */ (card)]));
    const offersFor = await offering();
    const cards = await Promise.all(groups.map(async (group) => old.get(nameOf(group)) ?? this.#card(group, offersFor)));
    const wanted = cards.length > 0 ? cards : [this.#end()];
    // What stays is not touched: a card taken out and put back would let go of the finger that draws it.
    if (namesOf(wanted) === namesOf([...this.#list.children])) return;
    const focused = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...wanted);
    if (focused && !this.#list.contains(document.activeElement)) /** @type {HTMLElement | null} */ (this.#list.querySelector('.btn'))?.focus();
  }

  /** @param {Loose[]} group @param {(about: import('../offline/choices.js').About) => import('../offline/choices.js').Offer[]} offersFor */
  async #card(group, offersFor) {
    const fix = await Promise.race([this.#fix, soon()]);
    const best = offersFor({ at: group[0].at, place: placeOf(group), fix }).slice(0, OFFERED);
    const card = await groupCard(group, best, {
      file: (job) => void this.#file(group, job),
      choose: () => this.#choose(group),
    });
    card.id = nameOf(group);
    return card;
  }

  /** @param {Loose[]} group */
  #choose(group) {
    this.#choosing = group;
    void this.#chooser.open();
  }

  /** @param {Choice | null} job null: it stays without a job, the office sorts */
  #chosen(job) {
    const group = this.#choosing;
    this.#choosing = [];
    if (job && group.length > 0) void this.#file(group, job);
  }

  /** A second tap on what is just being filed would file it twice, and taking back would find only one. @param {Loose[]} group @param {Choice} job */
  async #file(group, job) {
    if (group.some((one) => this.#filing.has(one.id))) return;
    for (const one of group) this.#filing.add(one.id);
    try {
      const ids = await file(group, job);
      this.#filed.push(...group);
      this.#say(t('{what} bei {job}', { what: pieces(group), job: job.title }), () => this.#undo(ids, group));
      await this.#draw();
    } catch (error) {
      this.#say(notKeptWords(whyNotKept(error)));
    }
    for (const one of group) this.#filing.delete(one.id);
  }

  /** Sending waits until the word is over, so that taking back is possible. @param {string} words @param {() => Promise<void>} [undo] */
  #say(words, undo) {
    clearTimeout(this.#timer);
    this.#said.replaceChildren(h('p', { class: 'banner sorter-toast' }, icon(undo ? 'check' : 'info'), h('span', {}, words),
      undo && h('button', { type: 'button', class: 'btn', click: once(undo) }, t('Rückgängig'))));
    this.#timer = setTimeout(() => this.#sent(), UNDO_MS);
  }

  /** @param {string[]} ids @param {Loose[]} group */
  async #undo(ids, group) {
    if (!(await takeBack(ids))) return this.#say(t('Schon im Büro. Dort lässt es sich verschieben.'));
    for (const one of group) this.#filing.delete(one.id);
    this.#filed = this.#filed.filter((one) => !group.includes(one));
    this.#say(t('Zurückgenommen.'));
    await this.#draw();
  }

  /** Nothing left: a good word, and the way home. */
  #end() {
    const words = this.#filed.length > 0 ? t('{what} einsortiert. Alles hat seinen Auftrag.', { what: pieces(this.#filed) }) : t('Alles hat seinen Auftrag.');
    return h('div', { class: 'empty sorter-end', id: `end-${this.#filed.length}` }, h('div', { class: 'unfold', 'aria-hidden': 'true' }, ...Array.from({ length: 12 }, () => h('i', { class: 'done' }))),
      h('h2', {}, t('Feierabend!')), h('p', {}, words),
      h('div', { class: 'actions' }, h('a', { class: 'btn primary', href: '/' }, icon('home'), t('Heute')), h('a', { class: 'btn', href: '/unsent' }, icon('phone-device'), t('Noch auf dem Handy'))));
  }
}

/** @param {() => Promise<void>} act @returns {() => void} the same for a finger that taps twice */
function once(act) {
  let done = false;
  return () => {
    if (!done) void act();
    done = true;
  };
}

/** What another app has just shared, and how to begin. @param {Loose[]} loose @param {number} groups */
function headOf(loose, groups) {
  const words = loose.length === 0 ? '' : t('{what} ohne Auftrag', { what: pieces(loose) }) + (groups > 1 ? ` · ${n(groups, '{n} Gruppe', '{n} Gruppen')}` : '');
  return [...shared(), h('div', {}, words && h('p', { class: 'sub num' }, words), h('h1', {}, t('Einsortieren')))];
}

/** The worker that took over from another app says in the address what became of it. */
function shared() {
  const asked = new URLSearchParams(location.search);
  const [kept, lost] = [Number(asked.get('shared') ?? 0), Number(asked.get('lost') ?? 0)];
  return [
    kept > 0 && h('p', { class: 'banner ok' }, icon('check'), n(kept, '{n} Datei ist auf dem Handy gesichert.', '{n} Dateien sind auf dem Handy gesichert.')),
    lost > 0 && h('p', { class: 'banner bad', role: 'alert' }, icon('warn'), h('span', {}, n(lost, '{n} Datei wurde nicht gesichert.', '{n} Dateien wurden nicht gesichert.'), ' ', lostWords(asked.get('why') ?? ''))),
  ].filter((one) => one !== false);
}

/** @param {string} code */
function lostWords(code) {
  return code === 'kind' ? t('Nur Fotos, Videos und Sprachnachrichten gehen.') : notKeptWords(code);
}

/** @param {Loose[]} group */
function nameOf(group) {
  return `group-${group[0].id}-${group.length}`;
}

/** @param {Element[]} cards */
function namesOf(cards) {
  return cards.map(({ id }) => id).join();
}

/** @returns {Promise<null>} */
function soon() {
  return new Promise((resolve) => setTimeout(() => resolve(null), 400));
}

customElements.define('photo-sorter', PhotoSorter);
