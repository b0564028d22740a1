// @ts-check
import { coalesce, h, icon, mark, picture } from '../lib/dom.js';
import { kindWord, pauseWords, reasonOf, stateWords } from '../lib/reasons.js';
import { fileSize, n, t } from '../lib/text.js';
import { age, dayAndTime } from '../lib/time.js';
import { SIGN_IN, SIGN_OUT } from '../offline/addresses.js';
import { getMeta } from '../offline/db.js';
import { logText } from '../offline/log.js';
import { itemsOf, onChange, remove, retry, thumbOf, UNSENT } from '../offline/outbox.js';
import { knownJobs } from '../offline/readmodel.js';
import { download, saveToPhone } from '../offline/save.js';
import { activeSession } from '../offline/session.js';
import { sendNow } from '../offline/triggers.js';

/** @typedef {import('../offline/db.js').Item} Item */

const RECENT_MS = 24 * 60 * 60 * 1000;
const SEGMENTS_AT_MOST = 24;
const ICONS = { photo: 'image', note: 'note', question: 'question', job: 'jobs', call: 'phone-call', video: 'camera', voice: 'mic', filing: 'move' };

/** Everything this phone still owes, each with its reason and its next step. */
export class UnsentList extends HTMLElement {
  #stop = () => {};
  #draw = coalesce(() => this.#redraw());
  #head = h('section', { class: 'unsent-head' });
  #list = h('ul', { class: 'unsent-list' });
  #foot = h('div', { class: 'unsent-foot', hidden: true }, ...ways());

  connectedCallback() {
    this.replaceChildren(this.#head, this.#list, this.#foot);
    this.#stop = onChange(() => void this.#draw());
    void this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
  }

  async #redraw() {
    const session = await activeSession();
    this.#foot.hidden = !session;
    if (!session) return this.#list.replaceChildren(h('li', { class: 'empty' }, t('Nicht angemeldet. Was auf diesem Handy wartet, sieht nur, wem es gehört.')));
    const [items, jobs, hold] = await Promise.all([itemsOf(session.actor), knownJobs(), getMeta('hold')]);
    const unsent = items.filter((item) => UNSENT.includes(/** @type {any} */ (item.state)));
    const titles = new Map(jobs.map((job) => [job.id, job.title]));
    this.#head.replaceChildren(...head(unsent, items, hold, () => void this.#sendAll(session.actor)));
    this.#update(unsent, titles, session.actor);
  }

  /**
   * Keeps rows that did not change, so that a picture never flickers and a finger never misses.
   * @param {Item[]} unsent @param {Map<string, string>} titles @param {string} owner
   */
  #update(unsent, titles, owner) {
    const old = new Map([...this.#list.children].map((row) => [row.id, /** @type {HTMLElement} */ (row)]));
    this.#list.replaceChildren(...unsent.map((item) => {
      const before = old.get(`unsent-${item.id}`);
      const face = faceOf(item, titles);
      return before?.dataset.face === face ? before : row(item, titles, owner, face);
    }));
    if (unsent.length === 0) this.#list.append(h('li', { class: 'empty' }, icon('check'), h('h2', {}, t('Alles im Büro')), h('p', {}, t('Auf diesem Handy wartet nichts.'))));
  }

  /** @param {string} owner */
  async #sendAll(owner) {
    await retry(owner);
    await sendNow();
    await this.#draw();
  }
}

/** What else concerns this phone. */
function ways() {
  return [
    h('button', { type: 'button', class: 'btn quiet', click: () => void saveLog() }, icon('download'), t('Protokoll sichern')),
    h('a', { class: 'btn quiet', href: '/account' }, icon('phone-device'), t('Konto und Geräte')),
    h('form', { method: 'post', action: SIGN_OUT }, h('button', { class: 'btn quiet' }, icon('logout'), t('Abmelden'))),
  ];
}

/** @param {Item} item @param {Map<string, string>} titles */
function faceOf(item, titles) {
  return [item.state, item.offset, item.error, item.announced, titles.get(item.job ?? '')].join('|');
}

/**
 * @param {Item[]} unsent @param {Item[]} items @param {{ reason: string } | undefined} hold @param {() => void} sendAll
 */
function head(unsent, items, hold, sendAll) {
  const recent = items.filter((item) => item.kind === 'photo' && (unsent.includes(item) || Date.now() - item.made_ms < RECENT_MS));
  const safe = recent.filter((item) => !unsent.includes(item)).length;
  const words = n(recent.length, '{safe} von {n} Foto sicher im Büro', '{safe} von {n} Fotos sicher im Büro').replace('{safe}', String(safe));
  const pause = unsent.length > 0 ? pauseWords(hold?.reason) : null;
  return [
    recent.length > 0 && rule(recent, words),
    recent.length > 0 && h('p', { class: 'sub num' }, words),
    pause && h('p', { class: 'banner warn' }, pause, hold?.reason === 'login' && h('a', { class: 'btn', href: SIGN_IN }, t('Anmelden'))),
    unsent.length > 0 && h('button', { type: 'button', class: 'btn primary big', click: sendAll }, icon('send'), t('Jetzt senden')),
  ].filter((part) => part !== false && part !== null);
}

/** The folding rule: one segment is one photo safe at the office. @param {Item[]} photos @param {string} words */
function rule(photos, words) {
  const segments = photos.slice(-SEGMENTS_AT_MOST).map((item) => h('i', { class: segmentOf(item) }));
  return h('div', { class: 'unfold', role: 'img', 'aria-label': words }, ...segments.sort(doneFirst));
}

/** The rule unfolds from one end. @param {HTMLElement} a @param {HTMLElement} b */
function doneFirst(a, b) {
  return ORDER.indexOf(a.className) - ORDER.indexOf(b.className);
}

const ORDER = ['done', 'now', ''];

/** @param {Item} item */
function segmentOf(item) {
  if (item.state === 'sending') return 'now';
  return UNSENT.includes(/** @type {any} */ (item.state)) ? '' : 'done';
}

/** @param {Item} item @param {Map<string, string>} titles @param {string} owner @param {string} face */
function row(item, titles, owner, face) {
  const [where, words] = stateWords(item);
  const why = reasonOf(item);
  const title = item.job ? titles.get(item.job) ?? String(item.body.job_hint || t('Auftrag')) : t('Ohne Auftrag');
  const element = h('li', { id: `unsent-${item.id}`, class: `unsent-row is-${item.state}` },
    h('div', { class: 'unsent-thumb' }, h('span', { class: 'unsent-picture' }, icon(ICONS[item.kind])), mark(where, words)),
    h('div', { class: 'unsent-words' },
      h('strong', {}, item.kind === 'job' ? String(item.body.title) : title),
      h('span', { class: 'sub num' }, [kindWord(item.kind), dayAndTime(item.made_ms), age(item.made_ms), item.size > 0 && fileSize(item.size)].filter(Boolean).join(' · ')),
      h('span', { class: 'unsent-state' }, words + progress(item)),
      why && h('span', { class: 'unsent-why' }, why[0], ' ', h('span', { class: 'unsent-step' }, why[1])),
      text(item)),
    h('div', { class: 'unsent-acts' }, ...acts(item, owner)));
  element.dataset.face = face;
  if (item.kind === 'photo') void showThumb(element, item);
  return element;
}

/** @param {Item} item */
function text(item) {
  const words = item.body.text ?? item.body.caption;
  return words ? h('span', { class: 'unsent-text' }, String(words)) : null;
}

/** @param {Item} item */
function progress(item) {
  return item.state === 'sending' && item.size > 0 ? ` · ${Math.floor((item.offset / item.size) * 100)} %` : '';
}

/** @param {Item} item @param {string} owner */
function acts(item, owner) {
  const again = () => void retry(owner, [item.id]).then(sendNow);
  const bad = item.state === 'needs-attention' || item.state === 'lost-bytes';
  return [
    item.state !== 'lost-bytes' && h('button', { type: 'button', class: 'btn small', click: again }, icon('send'), t('Senden')),
    item.state !== 'lost-bytes' && h('button', { type: 'button', class: 'btn small', click: () => void saveToPhone(item) }, icon('download'), t('Kopie sichern')),
    bad && h('button', { type: 'button', class: 'btn small', click: () => void removeAfterAsking(owner, item) }, icon('trash'), t('Entfernen')),
  ].filter((act) => act !== false);
}

/** @param {string} owner @param {Item} item */
async function removeAfterAsking(owner, item) {
  if (confirm(t('Wirklich entfernen? Es gibt davon keine zweite Kopie.'))) await remove(owner, item.id);
}

/** @param {HTMLElement} element @param {Item} item */
async function showThumb(element, item) {
  const thumb = await thumbOf(item.id);
  if (thumb) element.querySelector('.unsent-picture')?.replaceChildren(picture(thumb, t('Foto von {time}', { time: dayAndTime(item.made_ms) })));
}

async function saveLog() {
  download(new File([await logText()], 'zollstock-protokoll.txt', { type: 'text/plain' }));
}

customElements.define('unsent-list', UnsentList);
