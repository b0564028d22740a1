// @ts-check
const SLICE_MS = 5_000;
const TICK_MS = 500;

/** @typedef {{ kind: 'video' | 'voice', maxMs: number, types: string[], bits: MediaRecorderOptions }} Plan */
/** @typedef {{ file: Blob, duration_ms: number }} Recorded */

/** MP4 first: every phone and every office plays it. @type {Plan} */
export const CLIP = {
  kind: 'video', maxMs: 60_000,
  types: ['video/mp4;codecs=avc1.42E01E,mp4a.40.2', 'video/mp4;codecs=avc1,mp4a.40.2', 'video/mp4', 'video/webm;codecs=vp8,opus', 'video/webm'],
  bits: { videoBitsPerSecond: 2_500_000, audioBitsPerSecond: 64_000 },
};
/** @type {Plan} */
export const VOICE = {
  kind: 'voice', maxMs: 180_000,
  types: ['audio/mp4;codecs=mp4a.40.2', 'audio/mp4', 'audio/webm;codecs=opus', 'audio/webm', 'audio/ogg;codecs=opus'],
  bits: { audioBitsPerSecond: 48_000 },
};

/** Whether this browser records such a thing. @param {Plan} plan */
export function canRecord(plan) {
  const able = 'MediaRecorder' in globalThis && Boolean(navigator.mediaDevices?.getUserMedia);
  return able && plan.types.some((type) => MediaRecorder.isTypeSupported(type));
}

/** One recording; it ends by itself at its limit, when its stream ends and when the page leaves the screen. */
export class Recorder {
  #began = 0;
  #ended = 0;
  /** @type {Blob[]} */
  #slices = [];
  #timers = [0, 0];
  #recorder;
  #plan;
  #told;
  /** @type {(recorded: Recorded) => void} */
  #resolve = () => {};
  /** @type {Promise<Recorded>} */
  done = new Promise((resolve) => {
    this.#resolve = resolve;
  });

  /** @param {MediaStream} stream @param {Plan} plan @param {{ slice: (bytes: Blob, ms: number) => void, tick: (leftMs: number) => void }} told */
  constructor(stream, plan, told) {
    const mimeType = plan.types.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, { ...(mimeType && { mimeType }), ...plan.bits });
    this.#plan = plan;
    this.#told = told;
    this.#recorder.addEventListener('dataavailable', (event) => this.#take(event.data));
    this.#recorder.addEventListener('stop', () => this.#finish());
    this.#recorder.addEventListener('error', () => this.stop());
  }

  /** The type of the file, without what the codecs are called. */
  get mime() {
    return this.#recorder.mimeType.split(';')[0] || (this.#plan.kind === 'video' ? 'video/mp4' : 'audio/mp4');
  }

  /** Slices come on the way, so that a page that dies loses seconds and not the recording. */
  start() {
    this.#recorder.start(SLICE_MS);
    this.#began = performance.now();
    this.#timers = [setTimeout(this.stop, this.#plan.maxMs), setInterval(() => this.#told.tick(this.#left()), TICK_MS)];
    document.addEventListener('visibilitychange', this.#hidden);
    this.#told.tick(this.#plan.maxMs);
  }

  stop = () => {
    if (this.#recorder.state === 'inactive') return;
    this.#ended = performance.now();
    this.#recorder.stop();
  };

  #hidden = () => {
    if (document.visibilityState === 'hidden') this.stop();
  };

  #left() {
    return Math.max(0, this.#plan.maxMs - (performance.now() - this.#began));
  }

  get #lasted() {
    return Math.round(Math.min(this.#plan.maxMs, (this.#ended || performance.now()) - this.#began));
  }

  /** @param {Blob} slice */
  #take(slice) {
    if (slice.size === 0) return;
    this.#slices.push(slice);
    this.#told.slice(slice, this.#lasted);
  }

  #finish() {
    this.#timers.forEach(clearTimeout);
    document.removeEventListener('visibilitychange', this.#hidden);
    this.#resolve({ file: new Blob(this.#slices, { type: this.mime }), duration_ms: this.#lasted });
    this.#slices = [];
  }
}

/** Time left as on a kitchen clock, `0:47`. @param {number} ms */
export function clock(ms) {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
