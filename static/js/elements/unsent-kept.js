// @ts-check
import { LazyThumbs } from './thumbs.js';
import { h, icon } from '../lib/dom.js';
import { kindWord } from '../lib/reasons.js';
import { fileSize, n, t } from '../lib/text.js';
import { dayAndTime, fullDate } from '../lib/time.js';
import { jobTitle } from '../offline/files.js';
import { heldBytes, inStates } from '../offline/outbox.js';
import { readPrefs } from '../offline/prefs.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {Map<string, import('../offline/files.js').JobName>} Jobs */

const DAY_MS = 24 * 60 * 60 * 1000;
const AT_MOST = 200;

/** Photos that are safe at the office and still lie here, with the day they go: the rule is visible (getodk#1211). */
export class Kept {
  element = h('details', { class: 'card unsent-kept', hidden: true, toggle: () => void this.#fill() });
  #summary = h('summary', {});
  #content = h('div', { class: 'stack' });
  #thumbs = new LazyThumbs();
  /** @type {Item[]} */
  #items = [];
  /** @type {Jobs} */
  #jobs = new Map();

  constructor() {
    this.element.append(this.#summary, this.#content);
  }

  /** @param {string} owner @param {Jobs} jobs */
  async update(owner, jobs) {
    const [rows, held] = await Promise.all([inStates(owner, ['stored', 'linked']), heldBytes()]);
    this.#items = rows.filter((row) => held.has(row.id)).reverse();
    this.#jobs = jobs;
    this.element.hidden = this.#items.length === 0;
    const bytes = this.#items.reduce((sum, item) => sum + item.size, 0);
    this.#summary.replaceChildren(h('h2', {}, t('Schon im Büro')), h('span', { class: 'sub num' }, `${n(this.#items.length, '{n} liegt noch hier', '{n} liegen noch hier')} · ${fileSize(bytes)}`));
    await this.#fill();
  }

  stop() {
    this.#thumbs.stop();
  }

  async #fill() {
    if (!this.element.open) return;
    const { keep_days } = await readPrefs();
    const list = h('ul', { class: 'kept-list' }, ...this.#items.slice(0, AT_MOST).map((item) => this.#row(item, keep_days)));
    const more = this.#items.length - AT_MOST;
    this.#content.replaceChildren(h('p', {}, ruleWords(keep_days)), list, ...(more > 0 ? [h('p', { class: 'sub' }, n(more, 'und {n} älteres', 'und {n} ältere'))] : []));
  }

  /** @param {Item} item @param {number} days */
  #row(item, days) {
    const place = h('span', { class: 'unsent-picture' }, icon('image'));
    const when = dayAndTime(item.made_ms);
    this.#thumbs.watch(place, item.id, `${kindWord(item.kind)}, ${when}`);
    return h('li', { class: 'kept-row' }, place, h('span', { class: 'unsent-words' },
      h('strong', { class: 'cut' }, jobTitle(item, this.#jobs.get(item.job ?? ''))),
      h('span', { class: 'sub num' }, `${when} · ${fileSize(item.size)}`),
      h('span', { class: 'unsent-state' }, goesWords(item, days))));
  }
}

/** @param {number} days */
function ruleWords(days) {
  const rule = n(days, 'Gesendete Fotos bleiben noch {n} Tag auf dem Handy.', 'Gesendete Fotos bleiben noch {n} Tage auf dem Handy.');
  return `${days > 0 ? rule : t('Gesendete Fotos gehen gleich vom Handy.')} ${t('Werden es mehr als 300 MB, gehen die ältesten früher. Entfernt wird nur, was das Büro zweimal bestätigt hat.')}`;
}

/** @param {Item} item @param {number} days */
function goesWords(item, days) {
  if (item.state === 'stored') return t('Im Büro, wird noch einmal bestätigt');
  const at = (item.acked_ms ?? item.made_ms) + days * DAY_MS;
  if (at <= Date.now()) return t('Wird beim nächsten Senden vom Handy entfernt');
  return t('Wird spätestens am {day} vom Handy entfernt', { day: fullDate(at) });
}
