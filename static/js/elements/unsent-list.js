// @ts-check
import { Kept } from './unsent-kept.js';
import { PhoneSettings } from './phone-settings.js';
import { Choice } from './unsent-choice.js';
import { Group } from './unsent-group.js';
import { UnsentHead } from './unsent-head.js';
import { seen } from './unsent-row.js';
import { meansRemoval, showSheet } from './unsent-sheet.js';
import { coalesce, h, icon } from '../lib/dom.js';
import { savedWords } from '../lib/saved-words.js';
import { t } from '../lib/text.js';
import { ZipTooLarge } from '../lib/zip.js';
import { SIGN_OUT } from '../offline/addresses.js';
import { getMeta } from '../offline/db.js';
import { logText } from '../offline/log.js';
import { onChange, remove, retry } from '../offline/outbox.js';
import { isGhost, needsHelp, overview } from '../offline/overview.js';
import { knownJobs } from '../offline/readmodel.js';
import { download, give, saveArchive, saveCopies } from '../offline/save.js';
import { activeSession } from '../offline/session.js';
import { sendNow } from '../offline/triggers.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {import('./unsent-row.js').View} View */

/** A sender tells of every slice; nobody reads faster than this. */
const REST_MS = 250;
const AGING_MS = 60_000;
const PROBLEMS_AT_ONCE = 5;

/** Everything this phone still owes, each with its reason and its next step. */
export class UnsentList extends HTMLElement {
  #stop = () => {};
  #timer = 0;
  #owner = '';
  /** @type {Item[]} */
  #items = [];
  /** @type {View} */
  #view = { jobs: new Map(), held: new Set(), chosen: new Set() };
  #head = new UnsentHead({ send: () => void this.#send(), pack: () => void this.#save(this.#items, saveArchive) });
  #lists = h('div', { class: 'unsent-lists', click: (event) => void this.#tapped(event) });
  #choice = new Choice(this.#lists, { send: () => void this.#send(this.#choice.items()), save: () => void this.#save(this.#choice.items(), saveCopies) });
  #trouble = new Group(t('Braucht Hilfe'), PROBLEMS_AT_ONCE);
  #going = new Group(t('Unterwegs ins Büro'));
  #nothing = h('p', { class: 'empty', hidden: true });
  #kept = new Kept();
  #foot = h('div', { class: 'unsent-foot' }, new PhoneSettings().element, ...ways());
  #draw = coalesce(async () => {
    await this.#redraw();
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  });
  #again = () => void (document.visibilityState === 'visible' && this.#draw());

  connectedCallback() {
    this.#lists.append(this.#choice.head, this.#choice.bar, this.#trouble.element, this.#going.element);
    this.#stop = onChange(this.#again);
    this.#timer = setInterval(this.#again, AGING_MS);
    document.addEventListener('visibilitychange', this.#again);
    void this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#again);
    for (const part of [this.#trouble, this.#going, this.#kept]) part.stop();
  }

  async #redraw() {
    const session = await activeSession();
    if (!session) return this.#show(t('Nicht angemeldet. Was auf diesem Handy wartet, sieht nur, wem es gehört.'));
    const [now, jobs, hold] = await Promise.all([overview(session.actor), knownJobs(), getMeta('hold')]);
    this.#owner = session.actor;
    this.#items = now.unsent;
    this.#view = { jobs: new Map(jobs.map((job) => [job.id, job])), held: now.held, chosen: this.#choice.ids };
    this.#head.show(now, hold);
    this.#choice.offer(now.unsent.filter((item) => !isGhost(item, now.held)));
    this.#show(now.unsent.length === 0 ? [icon('check'), h('h2', {}, t('Alles im Büro')), h('p', {}, t('Auf diesem Handy wartet nichts.'))] : '', this.#head.element, this.#lists, this.#kept.element, this.#foot);
    const help = (/** @type {Item} */ item) => needsHelp(item, now.held);
    await this.#trouble.show(now.unsent.filter(help), this.#view);
    await this.#going.show(now.unsent.filter((item) => !help(item)), this.#view);
    await this.#kept.update(session.actor, this.#view.jobs);
  }

  /** @param {string | Node[]} nothing said where there is nothing to list @param {...HTMLElement} parts */
  #show(nothing, ...parts) {
    this.#nothing.hidden = nothing.length === 0;
    this.#nothing.replaceChildren(...nothing);
    const wanted = [...parts.slice(0, 1), this.#nothing, ...parts.slice(1)];
    if (wanted.length !== this.children.length) this.replaceChildren(...wanted);
  }

  /** @param {Event} event */
  async #tapped({ target }) {
    const button = /** @type {Element} */ (target).closest('[data-act]');
    const id = button?.closest('li')?.dataset.id;
    const item = this.#items.find((one) => one.id === id);
    if (!button || !item) return;
    const asked = String(button.getAttribute('data-act'));
    const act = asked === 'open' ? await showSheet(seen(item, this.#view), this.#view) : asked;
    if (act === 'send') await this.#send([item]);
    if (act === 'save') await this.#save([item], saveCopies);
    if (act === 'remove' && (await meansRemoval(seen(item, this.#view)))) await remove(this.#owner, item.id);
  }

  /** @param {Item[]} [items] all without them */
  async #send(items) {
    await retry(this.#owner, items?.map((item) => item.id));
    await sendNow();
    await this.#draw();
  }

  /** @param {Item[]} items @param {typeof saveCopies} save */
  async #save(items, save) {
    const packing = (/** @type {number} */ done) => this.#head.say(t('{done} von {all} gepackt', { done, all: items.length }));
    try {
      const saved = await save(items, this.#view.jobs, packing);
      this.#head.say(savedWords(saved), saved.given === 'again' ? () => void give(saved.files) : null);
    } catch (error) {
      this.#head.say(error instanceof ZipTooLarge ? t('Zusammen mehr als 4 GB: bitte in Teilen wählen und sichern.') : t('Das Sichern misslang. Nichts ist verändert; bitte weniger auf einmal wählen.'));
      if (!(error instanceof ZipTooLarge)) console.error(error);
    }
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

async function saveLog() {
  download(new File([await logText()], 'zollstock-protokoll.txt', { type: 'text/plain' }));
}

customElements.define('unsent-list', UnsentList);
