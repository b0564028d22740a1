// @ts-check
import './state-line.js';
import { findJob, lastJob } from './job-chooser.js';
import { Camera } from '../lib/camera.js';
import { h, icon, picture } from '../lib/dom.js';
import { makeThumb } from '../lib/image.js';
import { notKeptWords } from '../lib/reasons.js';
import { n, t } from '../lib/text.js';
import { age, localIso } from '../lib/time.js';
import { getMeta, setMeta } from '../offline/db.js';
import { enqueue, NotKept } from '../offline/outbox.js';
import { activeSession } from '../offline/session.js';
import { sendSoon } from '../offline/triggers.js';

/** Codes of the server, words of the site. @type {[string, string][]} */
const PHASES = [['before', 'vorher'], ['during', 'während'], ['after', 'nachher'], ['defect', 'Mangel'], ['concealed', 'verdeckt']];
/** More would hold too many originals in memory at once (enketo-express#398). */
const MAX_IN_HAND = 3;
const STRIP = 3;
const FIX_MS = 120_000;

/** @typedef {import('./job-chooser.js').Choice} Choice */
/** @typedef {import('../lib/camera.js').Photo} Photo */
/** @typedef {{ captured_at: string, job: Choice | null, fields: Record<string, unknown> }} Shot */

/** The camera page: shoot, see the tick, shoot again. A tick means: all bytes lie on the disk of this phone. */
export class PhotoCapture extends HTMLElement {
  /** @type {Choice | null} */
  #job = null;
  #kept = 0;
  #inHand = 0;
  #ready = false;
  /** @type {GeolocationPosition | null} */
  #fix = null;
  #watch = 0;
  #saving = Promise.resolve();
  #release = () => {};
  /** @type {ArrayBuffer[]} */
  #thumbs = [];

  #video = h('video', { playsinline: true, muted: true, autoplay: true, 'aria-label': t('Bild der Kamera') });
  #camera = new Camera(this.#video);
  #notice = h('p', { class: 'capture-notice', role: 'alert', hidden: true });
  #safe = h('p', { class: 'capture-safe', role: 'status' });
  #jobName = h('span', { class: 'capture-job-name' });
  #strip = h('div', { class: 'capture-strip', 'aria-hidden': 'true' });
  #shutter = h('button', { type: 'button', class: 'capture-shutter', 'aria-label': t('Auslösen'), disabled: true, click: () => void this.#shoot() });
  #done = h('a', { class: 'capture-done', href: '/' }, t('Fertig'));
  #caption = h('input', { class: 'input', id: 'capture-caption', autocomplete: 'off', maxlength: 2000 });
  #tags = h('input', { class: 'input', id: 'capture-tags', autocomplete: 'off', placeholder: t('Bad, OG, Leitung') });
  #chooser = /** @type {import('./job-chooser.js').JobChooser} */ (document.createElement('job-chooser'));

  async connectedCallback() {
    this.#build();
    this.#holdLock();
    document.addEventListener('visibilitychange', this.#wake);
    [, this.#ready] = await Promise.all([this.#open(), this.#prepare().catch(() => false)]);
    if (!this.#ready) this.#camera.close();
    this.#count(0);
  }

  /** Whose photos, and of which job; the camera opens meanwhile. @returns {Promise<boolean>} false if nobody is signed in; where storage fails, the banner says so */
  async #prepare() {
    if (!(await activeSession())) {
      this.#say(t('Zum Fotografieren bitte anmelden.'));
      return false;
    }
    await this.#chooseFirst();
    void this.#wordAboutLastTime();
    void this.#watchPosition();
    return true;
  }

  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.#wake);
    if (this.#watch) navigator.geolocation.clearWatch(this.#watch);
    this.#camera.close();
    this.#release();
  }

  #build() {
    this.replaceChildren();
    this.#chooser.addEventListener('choose', (event) => this.#setJob(/** @type {CustomEvent} */ (event).detail));
    this.append(h('div', { class: 'capture' },
      h('button', { type: 'button', class: 'capture-job', click: () => void this.#chooser.open() }, this.#jobName, h('span', { class: 'capture-job-change' }, t('ändern'))),
      h('div', { class: 'capture-view' }, this.#video, document.createElement('state-line'), this.#notice, this.#safe),
      this.#phases(),
      h('div', { class: 'capture-low' }, this.#strip, this.#shutter, this.#done),
      h('div', { class: 'capture-tools' },
        this.#picker(t('Handykamera'), { capture: 'environment' }, true),
        this.#picker(t('Galerie'), { multiple: true }, false),
        this.#words()),
    ), this.#chooser);
  }

  #phases() {
    const buttons = PHASES.map(([code, word]) => h('label', {},
      h('input', { type: 'checkbox', name: 'phase', value: code, change: (event) => this.#onlyOne(event) }), h('span', {}, t(word))));
    return h('div', { class: 'capture-phases', role: 'group', 'aria-label': t('Phase') }, ...buttons);
  }

  /** One phase or none: tapping the chosen one takes it back. @param {Event} event */
  #onlyOne(event) {
    for (const box of this.querySelectorAll('input[name=phase]')) {
      if (box !== event.target) /** @type {HTMLInputElement} */ (box).checked = false;
    }
  }

  #words() {
    const dialog = h('dialog', { class: 'dialog', 'aria-label': t('Worte zu den nächsten Fotos') });
    const close = () => dialog.close();
    dialog.append(h('h1', {}, t('Worte zu den nächsten Fotos')),
      h('div', { class: 'field' }, h('label', { for: 'capture-caption' }, t('Beschreibung')), this.#caption),
      h('div', { class: 'field' }, h('label', { for: 'capture-tags' }, t('Stichworte, mit Komma getrennt')), this.#tags),
      h('button', { type: 'button', class: 'btn primary', click: close }, t('Weiter fotografieren')));
    this.append(dialog);
    return h('button', { type: 'button', class: 'capture-tool', click: () => dialog.showModal() }, icon('edit'), t('Worte'));
  }

  /** @param {string} label @param {Record<string, string | boolean>} kind @param {boolean} leaves whether another app covers us */
  #picker(label, kind, leaves) {
    const input = h('input', { type: 'file', accept: 'image/*', class: 'visually-hidden', ...kind });
    if (leaves) input.addEventListener('click', () => void setMeta('capture-open', { at: Date.now() }));
    input.addEventListener('cancel', () => void setMeta('capture-open', undefined));
    input.addEventListener('change', () => void this.#take(input));
    return h('label', { class: 'capture-tool' }, icon(leaves ? 'camera' : 'image'), label, input);
  }

  /** Photos from another app, one at a time; the mark goes once all of them are safe. @param {HTMLInputElement} input */
  async #take(input) {
    const shot = this.#shot();
    const files = [...(input.files ?? [])];
    input.value = '';
    for (const file of files) await this.#keep(shot, async () => ({ file, thumb: await makeThumb(file) }));
    await setMeta('capture-open', undefined);
  }

  async #shoot() {
    performance.mark('shutter');
    this.#shutter.classList.add('is-pressed');
    setTimeout(() => this.#shutter.classList.remove('is-pressed'), 120);
    await this.#keep(this.#shot(), () => this.#camera.take());
  }

  /** What is true at the moment of the press, however long saving takes. @returns {Shot} */
  #shot() {
    const phase = /** @type {HTMLInputElement | null} */ (this.querySelector('input[name=phase]:checked'))?.value ?? null;
    const tags = this.#tags.value.split(',').map((tag) => tag.trim()).filter(Boolean);
    const fields = { caption: this.#caption.value.trim(), phase, tags, position: this.#position(), job_hint: this.#job?.title ?? '' };
    return { captured_at: localIso(), job: this.#job, fields };
  }

  /** @param {Shot} shot @param {() => Promise<Photo>} source */
  async #keep(shot, source) {
    this.#count(+1);
    const photo = source();
    photo.catch(() => {});
    this.#saving = this.#saving.then(() => this.#save(shot, photo));
    await this.#saving;
    this.#count(-1);
  }

  /** @param {Shot} shot @param {Promise<Photo>} photo */
  async #save(shot, photo) {
    try {
      const [{ file, thumb }, session] = await Promise.all([photo, activeSession()]);
      if (!session) return this.#say(t('Zum Fotografieren bitte anmelden.'));
      await enqueue({ owner: session.actor, kind: 'photo', job: shot.job?.id ?? null, captured_at: shot.captured_at, fields: shot.fields, file, thumb });
      this.#tick(thumb);
    } catch (error) {
      this.#say(error instanceof NotKept ? notKeptWords(error.code) : t('Die Kamera gab kein Foto her. Bitte noch einmal auslösen.'));
    }
  }

  /** @param {ArrayBuffer | null} thumb */
  #tick(thumb) {
    this.#kept += 1;
    this.#notice.hidden = true;
    if (performance.getEntriesByName('shutter').length > 0) performance.measure('shutter-to-safe', 'shutter');
    this.#safe.textContent = n(this.#kept, '✓ {n} auf dem Handy gesichert', '✓ {n} auf dem Handy gesichert');
    if (thumb) this.#thumbs = [...this.#thumbs, thumb].slice(-STRIP);
    this.#strip.replaceChildren(...this.#thumbs.map((bytes) => picture(bytes, '')));
    this.dispatchEvent(new CustomEvent('photo-kept', { bubbles: true }));
    void sendSoon();
  }

  /** Leaving is possible only with empty hands (iNaturalistReactNative#1690). @param {number} step */
  #count(step) {
    this.#inHand += step;
    this.#shutter.disabled = !this.#ready || this.#inHand >= MAX_IN_HAND || !this.#camera.live;
    this.#done.toggleAttribute('aria-disabled', this.#inHand > 0);
    this.#done.textContent = this.#inHand > 0 ? n(this.#inHand, '{n} wird gesichert', '{n} werden gesichert') : t('Fertig');
  }

  async #open() {
    try {
      await this.#camera.open();
    } catch {
      this.#say(t('Keine Kamera in der Seite. „Handykamera“ und „Galerie“ gehen trotzdem.'));
    }
  }

  #wake = () => {
    if (document.visibilityState === 'visible' && !this.#camera.live && this.isConnected) void this.#open().then(() => this.#count(0));
  };

  async #chooseFirst() {
    const wanted = new URLSearchParams(location.search).get('job');
    const job = (await findJob(wanted)) ?? (wanted ? { id: wanted, title: t('Auftrag') } : await lastJob());
    if (wanted) await setMeta('last-job', job);
    this.#setJob(job);
  }

  /** @param {Choice | null} job */
  #setJob(job) {
    this.#job = job;
    this.#jobName.textContent = job?.title ?? t('Ohne Auftrag');
    this.#done.href = job ? `/jobs/${job.id}` : '/';
  }

  /** The phone may have thrown us out while its own camera was open (capacitor#8592). */
  async #wordAboutLastTime() {
    const mark = await getMeta('capture-open');
    if (!mark) return;
    await setMeta('capture-open', undefined);
    this.#say(t('Die Handykamera war offen ({age}), aber es kam kein Foto an. Falls eines gemacht wurde: bitte noch einmal aufnehmen.', { age: age(mark.at) }));
  }

  async #watchPosition() {
    if (!(await activeSession())?.position || !navigator.geolocation) return;
    const keep = (/** @type {GeolocationPosition} */ fix) => {
      this.#fix = fix;
    };
    this.#watch = navigator.geolocation.watchPosition(keep, () => {}, { enableHighAccuracy: true });
  }

  #position() {
    if (!this.#fix || Date.now() - this.#fix.timestamp > FIX_MS) return null;
    const { latitude, longitude, accuracy } = this.#fix.coords;
    return { lat: latitude, lon: longitude, accuracy_m: accuracy };
  }

  /** While it is held, no new version takes over the page. */
  #holdLock() {
    void navigator.locks?.request('capture', { mode: 'shared' }, () => new Promise((resolve) => {
      this.#release = () => resolve(undefined);
    }));
  }

  /** @param {string} words */
  #say(words) {
    this.#notice.textContent = words;
    this.#notice.hidden = false;
  }
}

customElements.define('photo-capture', PhotoCapture);
