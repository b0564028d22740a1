// @ts-check
import './voice-note.js';
import { Clips } from './capture/clips.js';
import { JobBar } from './capture/job-bar.js';
import { Keeper } from './capture/keeper.js';
import { watchKeys } from './capture/keys.js';
import { More } from './capture/more.js';
import { Phases } from './capture/phases.js';
import { gallery, phoneCamera, wordAboutLastTime } from './capture/pickers.js';
import { Side } from './capture/side.js';
import { readTaste } from './capture/taste.js';
import { Viewfinder } from './capture/viewfinder.js';
import { Words } from './capture/words.js';
import { Camera } from '../lib/camera.js';
import { h, icon, picture } from '../lib/dom.js';
import { Position } from '../lib/position.js';
import { n, t } from '../lib/text.js';
import { localIso } from '../lib/time.js';
import { rescueRecordings } from '../offline/recordings.js';
import { activeSession } from '../offline/session.js';

const STRIP = 3;
const PRESS_MS = 120;
/** A stream that opens again shows its first pictures after this long. */
const LOOK_MS = 700;

/** The camera page: shoot, see the tick, shoot again. A tick means: all bytes lie on the disk of this phone. */
export class PhotoCapture extends HTMLElement {
  #ready = false;
  #opening = false;
  #release = () => {};
  #deaf = () => {};
  /** @type {ArrayBuffer[]} */
  #thumbs = [];
  #position = new Position();
  #keeper = new Keeper({ count: () => this.#count(), kept: (thumb) => this.#tick(thumb), say: (words) => this.#view.say(words) });
  #bar = new JobBar(() => this.#jobChanged());
  #phases = new Phases(() => this.#view.shout(this.#phases.word));
  #words = new Words();
  /** @type {Viewfinder} */
  #view = new Viewfinder({
    step: (by) => this.#phases.step(by),
    focus: (point) => this.#camera.abilities.focusAt(point),
    zoom: (ratio) => this.#side.pinch(ratio),
    zoomed: () => this.#side.pinched(),
  });
  /** @type {Camera} */
  #camera = new Camera(this.#view.video, () => void this.#reopen(t('Das Handy hat die Kamera weggenommen. Sie ist wieder da.')));
  #side = new Side(this.#camera, this.#view.grid);
  #clips = new Clips({ camera: this.#camera, keeper: this.#keeper, shot: () => this.#shot(), say: (words) => this.#view.say(words), changed: () => this.#count() });
  #more = new More([{ icon: 'camera', words: t('Handykamera'), act: () => document.getElementById('capture-phone')?.click() }], () => void this.#open().then(() => this.#count()));
  #frame = h('div', { class: 'capture' });
  #strip = h('div', { class: 'capture-strip', 'aria-hidden': 'true' });
  #shutter = h('button', { type: 'button', class: 'capture-shutter', 'aria-label': t('Auslösen'), disabled: true, click: () => this.#press() });
  #done = h('a', { class: 'capture-done', href: '/' }, t('Fertig'));

  async connectedCallback() {
    this.#build();
    this.#holdLock();
    document.addEventListener('visibilitychange', this.#wake);
    this.#deaf = watchKeys({ press: () => this.#press(), step: (by) => this.#phases.step(by) });
    [, this.#ready] = await Promise.all([this.#open(), this.#prepare().catch(() => false)]);
    if (!this.#ready) this.#camera.close();
    this.#count();
  }

  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.#wake);
    this.#deaf();
    this.#position.stop();
    this.#camera.close();
    this.#release();
  }

  #build() {
    const keep = (/** @type {() => Promise<import('../lib/camera.js').Photo>} */ source) => this.#keeper.keep(this.#shot(), source);
    const words = h('button', { type: 'button', class: 'capture-tool', click: () => void this.#words.open() }, icon('edit'), t('Worte'));
    const { sheet, tool } = this.#voice();
    this.#view.element.append(this.#clips.left, this.#side.tools, this.#side.zoom);
    this.#frame.replaceChildren(this.#bar.element, this.#view.element, this.#phases.element,
      h('div', { class: 'capture-low' }, this.#strip, this.#shutter, this.#done),
      h('div', { class: 'capture-tools' }, this.#clips.tool, phoneCamera(keep), tool, gallery(keep), words, this.#more.tool),
      this.#words.element, this.#more.element, sheet);
    this.replaceChildren(this.#frame);
  }

  /** A note said instead of typed, for the same job and with the same words as the next photo. */
  #voice() {
    const note = /** @type {import('./voice-note.js').VoiceNote} */ (document.createElement('voice-note'));
    note.keeper = this.#keeper;
    note.shot = () => this.#shot();
    const sheet = h('dialog', { class: 'dialog', 'aria-label': t('Sprachnotiz'), close: () => note.finish() }, h('h1', {}, t('Sprachnotiz')), note);
    sheet.append(h('button', { type: 'button', class: 'btn primary', click: () => sheet.close() }, t('Weiter fotografieren')));
    return { sheet, tool: h('button', { type: 'button', class: 'capture-tool', click: () => sheet.showModal() }, icon('mic'), t('Sprache')) };
  }

  /** Whose photos, and of which job; the camera opens meanwhile. @returns {Promise<boolean>} false if nobody is signed in; where storage fails, the banner says so */
  async #prepare() {
    const session = await activeSession();
    if (!session) {
      this.#view.say(t('Zum Fotografieren bitte anmelden.'));
      return false;
    }
    await this.#bar.chooseFirst();
    if (session.position) this.#position.watch();
    void this.#wordsFirst();
    return true;
  }

  /** What the last visit left behind. */
  async #wordsFirst() {
    const words = await wordAboutLastTime();
    if (words) this.#view.say(words);
    const rescued = await rescueRecordings();
    if (rescued > 0) this.#view.say(n(rescued, 'Eine unterbrochene Aufnahme wurde gerettet.', '{n} unterbrochene Aufnahmen wurden gerettet.'));
  }

  #press() {
    if (this.#shutter.disabled) return;
    if (this.#clips.on) return this.#clips.press();
    performance.mark('shutter');
    this.#shutter.classList.add('is-pressed');
    setTimeout(() => this.#shutter.classList.remove('is-pressed'), PRESS_MS);
    this.#view.press();
    void this.#keeper.keep(this.#shot(), () => this.#camera.take());
  }

  /** What is true at the moment of the press, however long saving takes. @returns {import('./capture/keeper.js').Shot} */
  #shot() {
    const { job } = this.#bar;
    const fields = { caption: this.#words.caption, phase: this.#phases.value, tags: this.#words.tags, position: this.#position.now, job_hint: job?.title ?? '' };
    return { kind: 'photo', captured_at: localIso(), job, fields };
  }

  /** @param {ArrayBuffer | null} thumb */
  #tick(thumb) {
    this.#view.hush();
    this.#view.safe(n(this.#keeper.kept, '✓ {n} auf dem Handy gesichert', '✓ {n} auf dem Handy gesichert'));
    if (thumb) this.#thumbs = [...this.#thumbs, thumb].slice(-STRIP);
    this.#strip.replaceChildren(...this.#thumbs.map((bytes) => picture(bytes, '')));
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

  async #open() {
    this.#opening = true;
    try {
      this.#camera.quality = (await readTaste()).quality;
      await this.#camera.open();
      await this.#side.refresh();
      await this.#clips.refresh();
    } catch {
      this.#view.say(t('Keine Kamera in der Seite. „Handykamera“ und „Galerie“ gehen trotzdem.'));
    }
    this.#opening = false;
  }

  /** @param {string} words said once the picture is back */
  async #reopen(words) {
    if (this.#opening || !this.isConnected || !this.#ready || document.visibilityState !== 'visible') return;
    await this.#open();
    if (this.#camera.live) this.#view.say(words);
    this.#count();
  }

  /** Back from another app: iOS may have ended the stream, muted it, or left it black though it calls it live. */
  #wake = async () => {
    if (document.visibilityState !== 'visible' || !this.isConnected) return;
    if (this.#camera.live) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (!this.#camera.live) await this.#reopen(t('Die Kamera war im Hintergrund aus. Sie ist wieder da.'));
    else if (this.#camera.black) await this.#reopen(t('Das Bild war schwarz. Die Kamera wurde neu geöffnet.'));
  };

  #jobChanged() {
    const { job } = this.#bar;
    this.#done.href = job ? `/jobs/${job.id}` : '/';
  }

  /** While it is held, no new version takes over the page. */
  #holdLock() {
    void navigator.locks?.request('capture', { mode: 'shared' }, () => new Promise((resolve) => {
      this.#release = () => resolve(undefined);
    }));
  }
}

customElements.define('photo-capture', PhotoCapture);
