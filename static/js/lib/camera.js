// @ts-check
import { encode } from './image.js';

const TAKE_MS = 4_000;
const QUALITY = 0.92;

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
  }

  /** @throws {DOMException} NotAllowedError, NotFoundError, NotReadableError */
  async open() {
    const video = { facingMode: 'environment', width: { ideal: 4096 }, height: { ideal: 3072 } };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
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

  /** One photo: the camera's own if it gives one in time, else the picture on the screen at full size. @returns {Promise<Blob>} */
  async take() {
    return (this.#capture && (await this.#takePhoto())) || this.#takeFrame();
  }

  async #takePhoto() {
    let timer = 0;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), TAKE_MS);
    });
    const photo = await Promise.race([this.#capture.takePhoto(), late]).catch(() => null);
    clearTimeout(timer);
    if (!photo) this.#capture = null;
    return photo?.size ? photo : null;
  }

  async #takeFrame() {
    const canvas = document.createElement('canvas');
    canvas.width = this.#video.videoWidth;
    canvas.height = this.#video.videoHeight;
    canvas.getContext('2d')?.drawImage(this.#video, 0, 0);
    const photo = await encode(canvas, QUALITY);
    if (!photo) throw new DOMException('no frame', 'NotReadableError');
    return photo;
  }
}
