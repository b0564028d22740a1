// @ts-check
import { Choice } from './unsent-choice.js';
import { Group } from './unsent-group.js';
import { UnsentHead } from './unsent-head.js';
import { seen } from './unsent-row.js';
import { coalesce, h, icon } from '../lib/dom.js';
import { wakeElements } from '../lib/elements.js';
import { first } from '../lib/first.js';
import { t } from '../lib/text.js';
import { onChange, retry } from '../offline/outbox.js';
import { isGhost, needsHelp, overview } from '../offline/overview.js';
import { sendNow } from '../offline/send-now.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {import('./unsent-row.js').View} View */

/** A sender tells of every slice; nobody reads faster than this. */
const REST_MS = 250;
const AGING_MS = 60_000;
const PROBLEMS_AT_ONCE = 5;
/** Rows on the largest phone's first screen, head and bars taken off; the rest comes when these can be seen. */
const FIRST_SCREEN = 6;
/** A window in the background makes no frames. */
const FRAME_MS = 1_000;

/**
 * Everything this phone still owes, each with its reason and its next step. What no first glance needs is loaded
 * once the rows stand there: the list opens sooner, and the rest is here long before a finger is.
 */
export class UnsentList extends HTMLElement {
  #stop = () => {};
  #timer = 0;
  #owner = '';
  /** @type {Item[]} */
  #items = [];
  /** @type {View} */
  #view = { jobs: new Map(), held: new Set(), chosen: new Set() };
  #head = new UnsentHead({ send: () => void this.#send(), pack: () => void this.#save(this.#items, true) });
  #lists = h('div', { class: 'unsent-lists', click: (event) => void this.#tapped(event) });
  #choice = new Choice(this.#lists, { send: () => void this.#send(this.#choice.items()), save: () => void this.#save(this.#choice.items(), false) });
  #trouble = new Group(t('Braucht Hilfe'), PROBLEMS_AT_ONCE);
  #going = new Group(t('Unterwegs ins Büro'));
  #nothing = h('p', { class: 'empty', hidden: true });
  /** @type {Promise<typeof import('./unsent-acts.js')> | null} */
  #acts = null;
  /** @type {import('./unsent-more.js').More | null} */
  #more = null;
  #draw = coalesce(async () => {
    await this.#redraw();
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  });
  /** @type {(value?: unknown) => void} the page's first screen is there */
  #shown = () => {};
  #again = () => void (document.visibilityState === 'visible' && this.#draw());

  connectedCallback() {
    performance.mark('unsent-asked');
    this.#lists.append(this.#choice.head, this.#choice.bar, this.#trouble.element, this.#going.element);
    this.#stop = onChange(this.#again);
    this.#timer = setInterval(this.#again, AGING_MS);
    document.addEventListener('visibilitychange', this.#again);
    first(new Promise((shown) => (this.#shown = shown)));
    void this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#again);
    for (const part of [this.#trouble, this.#going, this.#more]) part?.stop();
  }

  async #redraw() {
    const now = await overview();
    if (!now) {
      this.#shown();
      return this.#show(t('Nicht angemeldet. Was auf diesem Handy wartet, sieht nur, wem es gehört.'));
    }
    this.#owner = now.owner;
    this.#items = now.unsent;
    this.#view = { jobs: titles(now.jobs, [...now.arrived, ...now.unsent]), held: now.held, chosen: this.#choice.ids };
    this.#head.show(now);
    this.#choice.offer(now.unsent.filter((item) => !isGhost(item, now.held)));
    this.#show(now.unsent.length === 0 ? [icon('check'), h('h2', {}, t('Alles im Büro')), h('p', {}, t('Auf diesem Handy wartet nichts.'))] : '', this.#head.element, this.#lists);
    const help = (/** @type {Item} */ item) => needsHelp(item, now.held);
    const problems = this.#trouble.show(now.unsent.filter(help), this.#view, FIRST_SCREEN);
    this.#going.show(now.unsent.filter((item) => !help(item)), this.#view, FIRST_SCREEN - problems);
    await painted();
    this.#shown();
    if (!this.#more) performance.measure('unsent-opened', 'unsent-asked');
    await Promise.all([this.#complete(), this.#trouble.rest(), this.#going.rest()]);
  }

  /** What may come after the first screen of rows. */
  async #complete() {
    this.#acts ??= import('./unsent-acts.js');
    this.#more ??= new (await import('./unsent-more.js')).More();
    if (!this.contains(this.#more.element)) this.append(this.#more.element);
    if (!document.querySelector('today-hints')) this.before(document.createElement('today-hints'));
    wakeElements();
    await this.#more.update(this.#owner, this.#view.jobs);
  }

  /** @param {string | Node[]} nothing said where there is nothing to list @param {...HTMLElement} parts */
  #show(nothing, ...parts) {
    this.#nothing.hidden = nothing.length === 0;
    this.#nothing.replaceChildren(...nothing);
    const wanted = [...parts.slice(0, 1), this.#nothing, ...parts.slice(1)];
    if (parts.length === 0 || !this.contains(this.#lists)) this.replaceChildren(...wanted);
  }

  /** @param {Event} event */
  async #tapped({ target }) {
    const button = /** @type {Element} */ (target).closest('[data-act]');
    const id = button?.closest('li')?.dataset.id;
    const item = this.#items.find((one) => one.id === id);
    if (!button || !item) return;
    const acts = await this.#loaded();
    const asked = String(button.getAttribute('data-act'));
    const act = asked === 'open' ? await acts.open(seen(item, this.#view), this.#view) : asked;
    if (act === 'send') await this.#send([item]);
    if (act === 'save') await this.#save([item], false);
    if (act === 'remove') await acts.removeIfMeant(seen(item, this.#view));
  }

  #loaded() {
    return (this.#acts ??= import('./unsent-acts.js'));
  }

  /** @param {Item[]} [items] all without them */
  async #send(items) {
    const ids = items?.map((item) => item.id);
    await retry(this.#owner, ids);
    await sendNow(ids);
    await this.#draw();
  }

  /** @param {Item[]} items @param {boolean} packed */
  async #save(items, packed) {
    const { save } = await this.#loaded();
    await save(items, this.#view, packed, (words, again) => this.#head.say(words, again));
  }
}

/** A frame that shows what was just put into the page has been made. @returns {Promise<void>} */
function painted() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, FRAME_MS);
  });
}

/** Jobs by id: the office's, and those made here that it does not have yet. @param {import('../offline/files.js').JobName[]} known @param {Item[]} items */
function titles(known, items) {
  const made = items.filter((item) => item.kind === 'job').map((item) => ({ id: item.id, number: '', title: String(item.body.title ?? '') }));
  return new Map([...made, ...known].map((job) => [job.id, job]));
}

customElements.define('unsent-list', UnsentList);
