// @ts-check
import { Keeper } from './capture/keeper.js';
import { record } from './capture/recording.js';
import { findJob } from './job-chooser.js';
import { h, icon } from '../lib/dom.js';
import { canRecord, clock, VOICE } from '../lib/recorder.js';
import { rescuedWords } from '../lib/rescued-words.js';
import { t } from '../lib/text.js';
import { localIso } from '../lib/time.js';
import { rescueRecordings } from '../offline/recordings.js';

/** @typedef {import('./capture/keeper.js').Shot} Shot */

const HINT = 'Bis zu 3 Minuten. Andere nur aufnehmen, wenn sie einverstanden sind.';

/** Says a note instead of typing it: one button starts, the same one ends, three minutes end by themselves. Attribute `job`. */
export class VoiceNote extends HTMLElement {
  /** Whose hands it goes through; the camera page lends its own. @type {Keeper} */
  keeper = new Keeper({ count: () => {}, kept: () => {}, say: (words) => this.#say(words) });
  /** What else is true of it; the camera page knows more. @type {() => Promise<Shot> | Shot} */
  shot = () => this.#ownShot();

  #busy = false;
  #stop = () => {};
  /** Whoever left before the microphone was allowed wants no recording any more. */
  #left = false;
  #recording = false;
  /** The note under way, until it is kept or cannot be. */
  #running = Promise.resolve();
  #label = h('span', {}, t('Sprachnotiz aufnehmen'));
  #button = h('button', { type: 'button', class: 'btn big voice-button', 'aria-pressed': 'false', click: () => this.#press() }, icon('mic'), this.#label);
  #status = h('p', { class: 'sub', role: 'status' }, t(HINT));

  connectedCallback() {
    this.hidden = !canRecord(VOICE);
    this.replaceChildren(this.#button, this.#status);
    // The camera page looks after what was left behind by itself.
    if (this.closest('photo-capture')) return;
    void rescueRecordings().then((found) => {
      const words = rescuedWords(found);
      if (words) this.#say(words);
    }).catch(console.warn);
  }

  /** Leaving ends the note; what was said is kept. */
  disconnectedCallback() {
    this.finish();
  }

  /** Ends a note under way and keeps it. @returns {Promise<void>} resolves when that is done; at once where none has begun */
  finish() {
    this.#left = true;
    this.#stop();
    return this.#recording ? this.#running : Promise.resolve();
  }

  #press() {
    this.#left = false;
    if (this.#busy) this.#stop();
    else this.#running = this.#run();
  }

  async #run() {
    this.#busy = true;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
    if (this.#left) this.#say(t(HINT));
    else if (stream) await this.#record(stream).catch(() => this.#say(t('Die Aufnahme kam nicht zustande. Bitte noch einmal.')));
    else this.#say(t('Das Mikrofon ist für diese Seite gesperrt. In den Einstellungen des Browsers erlauben.'));
    stream?.getTracks().forEach((track) => track.stop());
    this.#busy = this.#recording = false;
    this.#stop = () => {};
    this.#show(false);
  }

  /** @param {MediaStream} stream */
  async #record(stream) {
    this.#recording = true;
    const shot = await this.shot();
    const tick = (/** @type {number} */ ms) => this.#say(t('Aufnahme läuft, noch {time}', { time: clock(ms) }));
    // The camera page says its words behind the sheet this stands on.
    const say = (/** @type {string} */ words) => this.#say(words);
    const { stop, done } = await record({ stream, plan: VOICE, shot, thumb: null, keeper: this.keeper, tick, say });
    this.#stop = stop;
    if (this.#left) stop();
    this.#show(true);
    if (!(await done)) return;
    this.#say(t('✓ Sprachnotiz auf dem Handy gesichert'));
    this.dispatchEvent(new CustomEvent('voice-kept', { bubbles: true }));
  }

  /** @returns {Promise<Shot>} */
  async #ownShot() {
    // Beside a form the job is the one chosen there.
    const field = /** @type {HTMLSelectElement | null} */ (this.parentElement?.querySelector('[name=job]'));
    const id = field?.value || this.getAttribute('job') || null;
    const job = (await findJob(id)) ?? (id ? { id, title: '' } : null);
    return { kind: 'voice', captured_at: localIso(), job, fields: { caption: '', phase: null, tags: [], position: null, job_hint: job?.title ?? '' } };
  }

  /** @param {boolean} running */
  #show(running) {
    this.#button.setAttribute('aria-pressed', String(running));
    this.#label.textContent = running ? t('Beenden und sichern') : t('Sprachnotiz aufnehmen');
  }

  /** @param {string} words */
  #say(words) {
    this.#status.textContent = words;
  }
}

customElements.define('voice-note', VoiceNote);
