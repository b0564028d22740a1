// @ts-check
import { h, icon } from '../../lib/dom.js';
import { canRecord, CLIP, clock } from '../../lib/recorder.js';
import { t } from '../../lib/text.js';

/** @typedef {{ camera: import('../../lib/camera.js').Camera, keeper: import('./keeper.js').Keeper, shot: () => import('./keeper.js').Shot, say: (words: string) => void, changed: () => void }} Page */

/** Clips instead of photos: the same shutter starts and ends them, and a minute ends them by itself. */
export class Clips {
  /** Whether the shutter means clips. */
  on = false;
  /** Whether one is being recorded, or about to. */
  busy = false;
  #stop = () => {};
  #page;
  left = h('p', { class: 'capture-left', role: 'timer', hidden: true });
  tool = h('button', { type: 'button', class: 'capture-tool', 'aria-pressed': 'false', click: () => void this.#switch() }, icon('video'), t('Video'));

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.tool.hidden = !canRecord(CLIP);
  }

  /** Starts or ends. */
  press() {
    if (!this.busy) void this.#run();
    else this.#stop();
  }

  /** Sizes the stream again after the camera was opened anew. */
  async refresh() {
    if (this.on) await this.#page.camera.reshape(true);
  }

  async #switch() {
    if (this.busy) return;
    this.on = !this.on;
    this.tool.setAttribute('aria-pressed', String(this.on));
    await this.#page.camera.reshape(this.on);
    this.#page.changed();
  }

  async #run() {
    const { camera, keeper, say, changed } = this.#page;
    this.busy = true;
    changed();
    const sound = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
    if (!sound) say(t('Ohne Ton: Das Mikrofon ist für diese Seite gesperrt.'));
    try {
      const { record } = await import('./recording.js');
      const stream = new MediaStream([camera.track, sound?.getAudioTracks()[0]].filter((track) => track instanceof MediaStreamTrack));
      const { stop, done } = await record({ stream, plan: CLIP, shot: this.#page.shot(), thumb: await camera.poster(), keeper, tick: (ms) => this.#tell(ms) });
      this.#stop = stop;
      await done;
    } catch {
      say(t('Die Kamera gab kein Video her. Bitte noch einmal.'));
    }
    sound?.getTracks().forEach((track) => track.stop());
    this.left.hidden = true;
    this.busy = false;
    this.#stop = () => {};
    changed();
  }

  /** @param {number} ms */
  #tell(ms) {
    this.left.hidden = false;
    this.left.textContent = t('Aufnahme, noch {time}', { time: clock(ms) });
  }
}
