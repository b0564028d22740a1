// @ts-check
import { h } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

const loadScanner = () => import('./scanner.js');

/** @typedef {{ video: HTMLVideoElement, say: (words: string) => void, choose: (job: import('./scanner.js').Choice) => void, idle: () => boolean }} Page idle: whether the page may be left */

/** The job by its sticker, seen through the viewfinder. */
export class Stickers {
  #page;
  #end = new AbortController();
  frame = h('div', { class: 'capture-scan', hidden: true }, h('p', {}, t('Aufkleber in den Rahmen halten')),
    h('button', { type: 'button', class: 'btn', click: () => this.#end.abort() }, t('Abbrechen')));

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
  }

  async start() {
    const { canScan, scan, useYourCamera } = await loadScanner();
    if (!(await canScan())) return this.#page.say(useYourCamera());
    this.#end = new AbortController();
    this.frame.hidden = false;
    const value = await scan(this.#page.video, this.#end.signal);
    this.frame.hidden = true;
    if (value) await this.#read(value);
    else if (!this.#end.signal.aborted) this.#page.say(t('Kein Aufkleber erkannt. Näher heran, mehr Licht, oder den Auftrag oben wählen.'));
  }

  stop() {
    this.#end.abort();
  }

  /** @param {string} value */
  async #read(value) {
    const { readSticker } = await loadScanner();
    const found = await readSticker(value);
    if ('job' in found) {
      navigator.vibrate?.(30);
      return this.#page.choose(found.job);
    }
    if ('foreign' in found) return this.#page.say(t('Das ist kein Auftrags-Aufkleber dieses Betriebs.'));
    if (navigator.onLine && this.#page.idle()) return location.assign(found.unknown);
    this.#page.say(t('Diesen Auftrag kennt das Handy noch nicht. Mit Netz noch einmal scannen oder den Auftrag oben wählen.'));
  }
}
