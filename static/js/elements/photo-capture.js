// @ts-check
import { Clips } from './capture/clips.js';
import { Eye } from './capture/eye.js';
import { Ghost } from './capture/ghost.js';
import { JobBar } from './capture/job-bar.js';
import { Keeper } from './capture/keeper.js';
import { watchKeys } from './capture/keys.js';
import { More } from './capture/more.js';
import { Phases } from './capture/phases.js';
import { gallery, phoneCamera, wordAboutLastTime } from './capture/pickers.js';
import { Side } from './capture/side.js';
import { Stickers } from './capture/stickers.js';
import { Viewfinder } from './capture/viewfinder.js';
import { voiceSheet } from './capture/voice-sheet.js';
import { Words } from './capture/words.js';
import { h, icon, picture } from '../lib/dom.js';
import { first } from '../lib/first.js';
import { Position } from '../lib/position.js';
import { rescuedWords } from '../lib/rescued-words.js';
import { n, t } from '../lib/text.js';
import { localIso } from '../lib/time.js';
import { activeSession } from '../offline/session.js';

const STRIP = 3;
const PRESS_MS = 120;

/** @typedef {import('./capture/keeper.js').Shot} Shot */

/** The camera page: shoot, see the tick, shoot again. A tick means: all bytes lie on the disk of this phone. */
export class PhotoCapture extends HTMLElement {
  #ready = false;
  #release = () => {};
  #deaf = () => {};
  #position = new Position();
  #say = (/** @type {string} */ words) => this.#view.say(words);
  #keeper = new Keeper({ count: () => this.#count(), kept: (thumb) => this.#tick(thumb), say: (words) => this.#missed(words) });
  /** So many of this visit could not be kept. */
  #lost = 0;
  /** Why the last one was not; the tick of the next one must not wipe that away. */
  #mourning = false;
  #bar = new JobBar(() => this.#jobChanged());
  #phases = new Phases(() => this.#phaseChanged());
  #words = new Words();
  /** @type {Viewfinder} */
  #view = new Viewfinder({
    step: (by) => this.#phases.step(by),
    focus: (point) => this.#camera.abilities.focusAt(point),
    zoom: (ratio) => this.#side.pinch(ratio),
    zoomed: () => this.#side.pinched(),
  });
  #eye = new Eye(this.#view.video, { say: this.#say, opened: () => this.#settle(), changed: () => this.#count() });
  #camera = this.#eye.camera;
  #side = new Side(this.#camera, this.#view.grid);
  #ghost = new Ghost(() => this.#ghostChanged());
  #clips = new Clips({ camera: this.#camera, keeper: this.#keeper, shot: () => this.#shot(), say: this.#say, changed: () => this.#count() });
  #stickers = new Stickers({ video: this.#view.video, say: this.#say, choose: (job) => void this.#bar.choose(job), idle: () => this.#keeper.inHand === 0 });
  #more = new More([
    { icon: 'qr', words: t('Aufkleber scannen'), act: () => void this.#stickers.start() },
    { icon: 'camera', words: t('Handykamera'), act: () => document.getElementById('capture-phone')?.click() },
  ], () => void this.#eye.open());
  #frame = h('div', { class: 'capture' });
  #strip = h('div', { class: 'capture-strip', 'aria-hidden': 'true' });
  #shutter = h('button', { type: 'button', class: 'capture-shutter', 'aria-label': t('Auslösen'), disabled: true, click: () => this.#press() });
  #done = h('a', { class: 'capture-done', href: '/' }, t('Fertig'));
  /** Whether somebody is signed in; settled once the job of the next shot is known. @type {Promise<boolean>} */
  #prepared = Promise.resolve(false);

  async connectedCallback() {
    this.#build();
    this.#holdLock();
    this.#deaf = watchKeys({ press: () => this.#press(), step: (by) => this.#phases.step(by) });
    this.#prepared = this.#prepare().catch(() => false);
    const both = Promise.all([this.#eye.open(), this.#prepared]);
    first(both);
    [, this.#ready] = await both;
    if (this.#ready) this.#count();
    else this.#eye.close();
  }

  disconnectedCallback() {
    this.#deaf();
    this.#stickers.stop();
    this.#position.stop();
    this.#eye.close();
    this.#release();
  }

  #build() {
    // A file chosen before the job is known would go without one; a job chosen after the files is not theirs.
    const chosen = () => {
      this.#begin();
      const shot = this.#prepared.then(() => this.#shot());
      return /** @type {import('./capture/pickers.js').Keep} */ (async (source, taken) => this.#keeper.keep(taken ? earlier(await shot, taken) : await shot, source));
    };
    const words = h('button', { type: 'button', class: 'capture-tool', click: () => void this.#words.open() }, icon('edit'), t('Worte'));
    const voice = voiceSheet(this.#keeper, () => beside(this.#shot()));
    this.#side.tools.append(this.#ghost.tool);
    this.#view.video.after(this.#ghost.layer);
    this.#view.element.append(this.#clips.left, this.#side.tools, this.#side.zoom, this.#ghost.panel, this.#stickers.frame);
    this.#frame.replaceChildren(this.#bar.element, this.#view.element, this.#phases.element,
      h('div', { class: 'capture-low' }, this.#strip, this.#shutter, this.#done),
      h('div', { class: 'capture-tools' }, this.#clips.tool, phoneCamera(chosen), voice.tool, gallery(chosen), words, this.#more.tool),
      this.#words.element, this.#more.element, this.#ghost.sheet, voice.sheet);
    this.replaceChildren(this.#frame);
  }

  /** Whose photos, and of which job; the camera opens meanwhile. @returns {Promise<boolean>} false if nobody is signed in; where storage fails, the banner says so */
  async #prepare() {
    const session = await activeSession();
    if (!session) {
      this.#say(t('Zum Fotografieren bitte anmelden.'));
      return false;
    }
    await this.#bar.chooseFirst();
    if (session.position) this.#position.watch(() => void this.#bar.offer(this.#position.now));
    void this.#ghost.showFirst();
    void this.#tellLastTime();
    return true;
  }

  /** What the last visit left behind. */
  async #tellLastTime() {
    const words = await wordAboutLastTime();
    if (words) this.#say(words);
    // Lost with the network on a first visit: the next page rescues.
    const recordings = await import('../offline/recordings.js').catch(() => null);
    const found = recordings && rescuedWords(await recordings.rescueRecordings());
    if (found) this.#say(found);
  }

  #press() {
    if (this.#shutter.disabled) return;
    this.#bar.quiet();
    if (this.#clips.on) return this.#clips.press();
    this.#begin();
    performance.mark('shutter');
    this.#shutter.classList.add('is-pressed');
    setTimeout(() => this.#shutter.classList.remove('is-pressed'), PRESS_MS);
    this.#view.press();
    void this.#keeper.keep(this.#shot(), () => this.#eye.take());
  }

  /** What is true at the moment of the press, however long saving takes. @returns {Shot} */
  #shot() {
    const { job } = this.#bar;
    const fields = { caption: this.#words.caption, phase: this.#phases.value, tags: this.#words.tags, position: this.#position.now, job_hint: job?.title ?? '' };
    const pair = this.#ghost.before && { pair_of: this.#ghost.before.id };
    return { kind: 'photo', captured_at: localIso(), job, fields: { ...fields, ...pair } };
  }

  /** Whoever begins anew with empty hands has seen what became of the last ones. */
  #begin() {
    if (this.#keeper.inHand === 0) this.#mourning = false;
  }

  /** @param {string} words why one could not be kept */
  #missed(words) {
    this.#mourning = true;
    this.#lost += 1;
    this.#say(words);
    this.#tally();
  }

  #tally() {
    const { kept } = this.#keeper;
    const words = [t('✓ {n} auf dem Handy gesichert', { n: kept }), this.#lost > 0 && t('{n} nicht', { n: this.#lost })];
    if (kept > 0) this.#view.safe(words.filter(Boolean).join(' · '));
  }

  /** @param {ArrayBuffer | null} thumb */
  #tick(thumb) {
    if (!this.#mourning) this.#view.hush();
    this.#tally();
    if (thumb) this.#strip.append(picture(thumb, ''));
    while (this.#strip.children.length > STRIP) this.#strip.firstElementChild?.remove();
    this.dispatchEvent(new CustomEvent('photo-kept', { bubbles: true }));
  }

  /** Leaving is possible only with empty hands (iNaturalistReactNative#1690). */
  #count() {
    const { inHand, full } = this.#keeper;
    const { on, busy } = this.#clips;
    this.#shutter.disabled = !this.#ready || full || !this.#camera.live;
    this.#shutter.setAttribute('aria-label', on ? busy ? t('Aufnahme beenden') : t('Aufnahme beginnen') : t('Auslösen'));
    this.#done.toggleAttribute('aria-disabled', inHand > 0 || busy);
    this.#done.textContent = busy ? t('läuft') : inHand > 0 ? n(inHand, '{n} wird gesichert', '{n} werden gesichert') : t('Fertig');
    this.#frame.classList.toggle('is-video', on);
    this.#frame.classList.toggle('is-recording', busy);
    this.#frame.classList.toggle('no-camera', !this.#camera.live);
  }

  /** A new stream starts dark, wide and sized for photos. */
  async #settle() {
    await this.#side.refresh();
    await this.#clips.refresh();
  }

  #phaseChanged() {
    this.#view.shout(this.#phases.word);
    if (this.#phases.value !== 'after') this.#ghost.close();
  }

  /** A photo taken over another one is the one after, of the same job. */
  #ghostChanged() {
    const { before } = this.#ghost;
    this.#view.element.classList.toggle('has-ghost', before !== null);
    if (!before) return;
    this.#phases.value = 'after';
    if (before.job && before.job !== this.#bar.job?.id) void this.#bar.chooseById(before.job);
  }

  #jobChanged() {
    const { job } = this.#bar;
    this.#done.href = job ? `/jobs/${job.id}` : '/';
    const over = this.#ghost.before?.job;
    if (over && over !== job?.id) this.#ghost.close();
  }

  /** While it is held, no new version takes over the page. */
  #holdLock() {
    void navigator.locks?.request('capture', { mode: 'shared' }, () => new Promise((resolve) => {
      this.#release = () => resolve(undefined);
    }));
  }
}

/** Where the phone is now says nothing about a photo of the gallery. @param {Shot} shot @param {string} captured_at @returns {Shot} */
function earlier(shot, captured_at) {
  const { fields } = beside(shot);
  return { ...shot, captured_at, fields: { ...fields, position: null } };
}

/** What was not taken through the viewfinder is no picture after the one laid over it. @param {Shot} shot @returns {Shot} */
function beside(shot) {
  const { pair_of, ...fields } = shot.fields;
  return { ...shot, fields };
}

customElements.define('photo-capture', PhotoCapture);
