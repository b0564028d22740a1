// @ts-check
import { encode, makeThumb, thumbOf } from './image.js';

const TAKE_MS = 4_000;
const QUALITY = 0.92;
/** What a site photo needs; more than that only makes the preview hot and the shutter slow. */
const WANTED = { width: { ideal: 1920 }, height: { ideal: 1440 }, resizeMode: { ideal: 'none' } };
/** A stream of this long edge is good enough to keep its frame: the picture is what was seen when the finger came down. */
const ENOUGH_PX = 1_600;

/** @typedef {{ file: Blob, thumb: ArrayBuffer | null }} Photo */

/** The rear camera as a stream; one object per opening. */
export class Camera {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {any} ImageCapture is missing in some browsers and in some libraries' types */
  #capture = null;
  #video;

  /** @param {HTMLVideoElement} video shows the stream */
  constructor(video) {
    this.#video = video;
    // The attribute alone does not count on a made element: Firefox would refuse to play.
    video.muted = true;
  }

  /** @throws {DOMException} NotAllowedError, NotFoundError, NotReadableError */
  async open() {
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', ...WANTED }, audio: false });
    const [track] = this.#stream.getVideoTracks();
    const Capture = /** @type {any} */ (globalThis).ImageCapture;
    this.#capture = Capture ? new Capture(track) : null;
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }

  /** Whether the stream still runs; iOS may end it in the background. */
  get live() {
    return this.#stream?.getVideoTracks().some((track) => track.readyState === 'live' && !track.muted) ?? false;
  }

  close() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
  }

  /** One photo: the frame of this moment, or from a small stream the camera's own photo if it comes in time. @returns {Promise<Photo>} */
  async take() {
    const { videoWidth, videoHeight } = this.#video;
    const small = Math.max(videoWidth, videoHeight) < ENOUGH_PX;
    return (small && this.#capture && (await this.#takePhoto())) || this.#takeFrame();
  }

  /** @returns {Promise<Photo | null>} */
  async #takePhoto() {
    let timer = 0;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), TAKE_MS);
    });
    const photo = await Promise.race([this.#capture.takePhoto(), late]).catch(() => null);
    clearTimeout(timer);
    if (!photo) this.#capture = null;
    return photo?.size ? { file: photo, thumb: await makeThumb(photo) } : null;
  }

  /** @returns {Promise<Photo>} */
  async #takeFrame() {
    const canvas = document.createElement('canvas');
    canvas.width = this.#video.videoWidth;
    canvas.height = this.#video.videoHeight;
    canvas.getContext('2d')?.drawImage(this.#video, 0, 0);
    const [file, thumb] = await Promise.all([encode(canvas, QUALITY), thumbOf(canvas)]);
    if (!file) throw new DOMException('no frame', 'NotReadableError');
    return { file, thumb };
  }
}
