// @ts-check
import { Abilities } from './camera-abilities.js';
import { Frames } from './frames.js';
import { makeThumb, photoOf, release, thumbOf } from './image.js';

/** A camera that hangs must not hold the shutter for ever; a slow one gives what was asked for, not a smaller frame. */
const TAKE_MS = 12_000;
const QUALITY = 0.92;
/** Fast: the frame that was seen when the finger came down. More pixels make the preview hot and the shutter slow. */
const QUICK = { width: { ideal: 1920 }, height: { ideal: 1440 } };
/** For "full" where the browser has no takePhoto (Firefox): the frame itself must be large. */
const LARGE = { width: { ideal: 4096 }, height: { ideal: 3072 } };
/** A clip at 2.5 Mbit/s has nothing to fill more pixels with. */
const CLIP = { width: { ideal: 1280 }, height: { ideal: 720 } };
/** A stream of this long edge is good enough to keep its frame. */
const ENOUGH_PX = 1_600;
const SAMPLE_PX = 8;

/** @typedef {import('./image.js').Photo} Photo */
/** @typedef {'fast' | 'full'} Quality fast: the viewfinder's frame · full: the camera's own photo, a second or two each */

/** The rear camera as a stream; one object per page, opened again whenever the system took it away. */
export class Camera {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {any} ImageCapture is missing in some browsers and in some libraries' types */
  #capture = null;
  /** @type {any} the largest photo it makes, as takePhoto wants it */
  #largest = {};
  #frames = new Frames();
  #video;
  #lost;
  /** @type {Quality} */
  quality = 'fast';
  abilities = new Abilities(undefined);

  /** @param {HTMLVideoElement} video shows the stream @param {() => void} [lost] called when the system takes the picture away */
  constructor(video, lost = () => {}) {
    this.#video = video;
    this.#lost = lost;
    // The attribute alone does not count on a made element: Firefox would refuse to play.
    video.muted = true;
  }

  /** @throws {DOMException} NotAllowedError, NotFoundError, NotReadableError */
  async open() {
    this.close();
    const Capture = /** @type {any} */ (globalThis).ImageCapture;
    const size = this.quality === 'full' && !Capture ? LARGE : QUICK;
    // `zoom: true` asks for the zoom where that is a permission of its own (Chrome's desktop); others ignore it.
    const wanted = /** @type {MediaTrackConstraints} */ ({ facingMode: 'environment', resizeMode: { ideal: 'none' }, zoom: true, ...size });
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    const [track] = this.#stream.getVideoTracks();
    for (const event of ['mute', 'ended']) track.addEventListener(event, this.#lost);
    this.abilities = new Abilities(track, size);
    this.#capture = Capture ? new Capture(track) : null;
    this.#largest = await largest(this.#capture);
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#frames.warm();
  }

  /** Whether the stream still runs; iOS may end it in the background. */
  get live() {
    return this.#stream?.getVideoTracks().some((track) => track.readyState === 'live' && !track.muted) ?? false;
  }

  /** The picture without sound, for a recorder. */
  get track() {
    return this.#stream?.getVideoTracks()[0] ?? null;
  }

  /** Whether the picture is pure black, as iOS shows it after the background while it says "live". A real sensor has noise, even in a cellar. */
  get black() {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = SAMPLE_PX;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context || !this.#video.videoWidth) return false;
    context.drawImage(this.#video, 0, 0, SAMPLE_PX, SAMPLE_PX);
    return context.getImageData(0, 0, SAMPLE_PX, SAMPLE_PX).data.every((value, place) => place % 4 === 3 || value === 0);
  }

  /** Resolves with the next picture that is not black, at the latest after `ms`. @param {number} ms @returns {Promise<void>} */
  picture(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      const next = () => this.#video.requestVideoFrameCallback?.(() => {
        if (this.black) return next();
        clearTimeout(timer);
        resolve();
      });
      next();
    });
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) {
      for (const event of ['mute', 'ended']) track.removeEventListener(event, this.#lost);
      track.stop();
    }
    this.#stream = null;
    this.#video.srcObject = null;
  }

  /** Sizes the stream for a clip, or back for photos. @param {boolean} clip */
  async reshape(clip) {
    await this.abilities.resize(clip ? CLIP : QUICK);
  }

  /** One photo: the frame of this moment, or the camera's own photo if that is wanted and comes in time. @returns {Promise<Photo>} */
  async take() {
    const { videoWidth, videoHeight } = this.#video;
    const own = this.quality === 'full' || Math.max(videoWidth, videoHeight) < ENOUGH_PX;
    return (own && this.#capture && (await this.#takePhoto())) || this.#takeFrame();
  }

  /** The small picture of this moment, for a clip. @returns {Promise<ArrayBuffer | null>} */
  async poster() {
    const canvas = this.#frame();
    const thumb = canvas.width > 0 ? await thumbOf(canvas) : null;
    release(canvas);
    return thumb;
  }

  /** @returns {Promise<Photo | null>} */
  async #takePhoto() {
    let timer = 0;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), TAKE_MS);
    });
    const photo = await Promise.race([this.#capture.takePhoto(this.#largest), late]).catch(() => null);
    clearTimeout(timer);
    if (!photo) this.#capture = null;
    return photo?.size ? { file: photo, thumb: await makeThumb(photo) } : null;
  }

  /** @returns {Promise<Photo>} */
  async #takeFrame() {
    return (await this.#frames.take(this.#video, QUALITY)) ?? photoOf(this.#frame(), QUALITY);
  }

  #frame() {
    const canvas = document.createElement('canvas');
    canvas.width = this.#video.videoWidth;
    canvas.height = this.#video.videoHeight;
    canvas.getContext('2d')?.drawImage(this.#video, 0, 0);
    return canvas;
  }
}

/** @param {any} capture */
async function largest(capture) {
  const can = await capture?.getPhotoCapabilities?.().catch(() => null);
  return can?.imageWidth?.max ? { imageWidth: can.imageWidth.max, imageHeight: can.imageHeight.max } : {};
}
