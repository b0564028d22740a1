// @ts-check
/** @typedef {{ x: number, y: number }} Point both in 0..1 of the picture, from its upper left corner */
/** @typedef {{ min: number, max: number, step: number }} Reach */

/** What this camera can do beyond pictures: light, zoom, focus. What it cannot do has no button. */
export class Abilities {
  #track;
  #size;
  /** Everything switched on so far: a browser forgets what a later call leaves out. @type {Record<string, unknown>} */
  #set = {};
  torch = false;
  focus = false;
  /** @type {Reach | null} */
  zoom = null;

  /** @param {MediaStreamTrack | undefined} track @param {MediaTrackConstraints} [size] */
  constructor(track, size = {}) {
    this.#track = track;
    this.#size = size;
    const can = /** @type {any} */ (track?.getCapabilities?.() ?? {});
    const known = /** @type {any} */ (navigator.mediaDevices?.getSupportedConstraints?.() ?? {});
    this.torch = can.torch === true;
    this.zoom = can.zoom?.max > can.zoom?.min ? { step: 0.1, ...pick(can.zoom) } : null;
    this.focus = Boolean(known.pointsOfInterest && can.focusMode?.some((/** @type {string} */ mode) => mode === 'single-shot' || mode === 'continuous'));
  }

  /** @param {boolean} on */
  lightUp(on) {
    return this.torch ? this.#apply({ torch: on }) : Promise.resolve(false);
  }

  /** @param {number} factor 1 is the whole picture */
  async zoomTo(factor) {
    if (!this.zoom) return false;
    const { min, max } = this.zoom;
    // Some cameras count from 100, some from 1; the smallest is the whole picture where 1 lies outside.
    const whole = min <= 1 && max >= 1 ? 1 : min;
    return this.#apply({ zoom: Math.min(max, Math.max(min, whole * factor)) });
  }

  /** How far the picture can be drawn near, as a factor. */
  get nearest() {
    if (!this.zoom) return 1;
    const { min, max } = this.zoom;
    return max / (min <= 1 && max >= 1 ? 1 : min);
  }

  /** @param {Point} point */
  async focusAt(point) {
    if (!this.focus) return false;
    const modes = /** @type {any} */ (this.#track?.getCapabilities()).focusMode;
    const focusMode = modes.includes('single-shot') ? 'single-shot' : 'continuous';
    return this.#apply({ pointsOfInterest: [point], focusMode });
  }

  /** @param {MediaTrackConstraints} size */
  async resize(size) {
    this.#size = size;
    return this.#apply({});
  }

  /** @param {Record<string, unknown>} more @returns {Promise<boolean>} whether the camera took it */
  async #apply(more) {
    if (!this.#track) return false;
    const set = { ...this.#set, ...more };
    const advanced = /** @type {any} */ (Object.keys(set).length > 0 ? [set] : []);
    try {
      await this.#track.applyConstraints({ ...this.#size, advanced });
    } catch {
      // Older Chrome refuses to mix size and light in one call.
      const alone = await this.#track.applyConstraints({ advanced }).then(() => true, () => false);
      if (!alone) return false;
    }
    this.#set = set;
    return true;
  }
}

/** @param {any} range */
function pick({ min, max, step }) {
  return step > 0 ? { min, max, step } : { min, max };
}
