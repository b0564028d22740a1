// @ts-check
import { readTaste } from './taste.js';
import { Camera } from '../../lib/camera.js';
import { t } from '../../lib/text.js';

/** A stream that opens again shows its first pictures after this long at most. */
const LOOK_MS = 700;

/** @typedef {{ say: (words: string) => void, opened: () => Promise<void>, changed: () => void }} Told opened: settle what a new stream has forgotten */

/** Keeps the camera open as long as somebody looks, whatever the system does to it. */
export class Eye {
  #opening = false;
  #awake = false;
  /** Settled while the picture can be trusted. @type {Promise<unknown>} */
  #trusted = Promise.resolve();
  #told;
  camera;

  /** @param {HTMLVideoElement} video @param {Told} told */
  constructor(video, told) {
    this.#told = told;
    this.camera = new Camera(video, () => this.#mend(this.#reopen(t('Das Handy hat die Kamera weggenommen. Sie ist wieder da.'))));
  }

  async open() {
    this.#awake = true;
    this.#opening = true;
    document.addEventListener('visibilitychange', this.#look);
    try {
      this.camera.quality = (await readTaste()).quality;
      await this.camera.open();
      await this.#told.opened();
    } catch {
      this.#told.say(t('Keine Kamera in der Seite. „Handykamera“ und „Galerie“ gehen trotzdem.'));
    }
    this.#opening = false;
    this.#told.changed();
  }

  close() {
    this.#awake = false;
    document.removeEventListener('visibilitychange', this.#look);
    this.camera.close();
    this.#told.changed();
  }

  /** One photo of a picture that can be trusted: a press just after the background waits for it, and is not lost. */
  async take() {
    await this.#trusted;
    return this.camera.take();
  }

  /** @param {Promise<unknown>} work after which the picture can be trusted again */
  #mend(work) {
    this.#trusted = Promise.allSettled([this.#trusted, work]);
  }

  /** @param {string} words said once the picture is back */
  async #reopen(words) {
    if (this.#opening || !this.#awake || document.visibilityState !== 'visible') return;
    await this.open();
    if (this.camera.live) this.#told.say(words);
  }

  /** Back from another app: iOS may have ended the stream, muted it, or left it black though it calls it live. */
  #look = () => {
    if (document.visibilityState === 'visible') this.#mend(this.#lookAgain());
  };

  async #lookAgain() {
    if (this.camera.live) await this.camera.picture(LOOK_MS);
    if (!this.camera.live) await this.#reopen(t('Die Kamera war im Hintergrund aus. Sie ist wieder da.'));
    else if (this.camera.black) await this.#reopen(t('Das Bild war schwarz. Die Kamera wurde neu geöffnet.'));
  }
}
