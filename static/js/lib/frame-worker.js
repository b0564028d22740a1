// @ts-check
import { draw, photoOf } from './image.js';

/** Draws and compresses frames beside the page, so that the finger and the camera's picture never wait for it. */
const worker = /** @type {any} */ (globalThis);

worker.onmessage = async (/** @type {MessageEvent<{ number: number, frame: ImageBitmap, quality: number }>} */ { data }) => {
  const { number, frame, quality } = data;
  try {
    const { file, thumb } = await photoOf(draw(frame), quality);
    worker.postMessage({ number, photo: { file, thumb } }, thumb ? [thumb] : []);
  } catch (error) {
    worker.postMessage({ number, error: String(error) });
  } finally {
    frame.close();
  }
};

worker.postMessage({ ready: true });
