// @ts-check
/** @typedef {import('./image.js').Photo} Photo */

/** A worker that says nothing for so long is none. */
const PATIENCE_MS = 4_000;

/** Hands frames to a worker beside the page; where a browser has no such worker, it says so by null. */
export class Frames {
  /** @type {Worker | null} */
  #worker = null;
  #ready = false;
  #number = 0;
  /** @type {Map<number, (photo: Photo | null) => void>} */
  #waiting = new Map();

  /** Before the first shot: a worker takes a moment to start. */
  warm() {
    if (this.#worker || typeof OffscreenCanvas === 'undefined' || !OffscreenCanvas.prototype.convertToBlob) return;
    try {
      this.#worker = new Worker(new URL('./frame-worker.js', import.meta.url), { type: 'module' });
    } catch {
      return;
    }
    this.#worker.onmessage = ({ data }) => {
      if (data.ready) this.#ready = true;
      else this.#answer(data.number, data.photo ?? null);
    };
    this.#worker.onerror = () => this.#stop();
  }

  /**
   * The picture of this moment as a photo.
   * @param {HTMLVideoElement} video @param {number} quality
   * @returns {Promise<Photo | null>} null where it has to be made in the page
   */
  async take(video, quality) {
    const worker = this.#worker;
    if (!worker || !this.#ready) return null;
    const frame = await createImageBitmap(video).catch(() => null);
    if (!frame) return null;
    const number = ++this.#number;
    const photo = await new Promise((/** @type {(photo: Photo | null) => void} */ resolve) => {
      this.#waiting.set(number, resolve);
      setTimeout(() => this.#answer(number, null), PATIENCE_MS);
      worker.postMessage({ number, frame, quality }, [frame]);
    });
    // What failed once fails again: from now on the page does it.
    if (!photo) this.#stop();
    return photo;
  }

  #stop() {
    this.#worker?.terminate();
    this.#ready = false;
    for (const number of [...this.#waiting.keys()]) this.#answer(number, null);
  }

  /** @param {number} number @param {Photo | null} photo */
  #answer(number, photo) {
    this.#waiting.get(number)?.(photo);
    this.#waiting.delete(number);
  }
}
