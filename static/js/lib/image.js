// @ts-check
const EDGES_PX = [320, 240, 160];
const QUALITIES = [0.7, 0.5, 0.3];
export const MAX_THUMB_BYTES = 20_000;
/** Every photo's thumb goes before the first original: on a slow line fewer bytes are less waiting. */
const GOOD_THUMB_BYTES = 12_000;

/** @typedef {HTMLCanvasElement | OffscreenCanvas} Canvas */
/** @typedef {{ file: Blob, thumb: ArrayBuffer | null }} Photo */

/**
 * A small upright JPEG of a photo, or null when this browser cannot read it (HEIC outside Safari): the photo is
 * kept all the same. The decoder scales while reading, so only the small bitmap stays in memory.
 * @param {Blob} file
 * @returns {Promise<ArrayBuffer | null>} at most MAX_THUMB_BYTES
 */
export async function makeThumb(file) {
  const bitmap = await decode(file);
  if (!bitmap) return null;
  try {
    return await thumbOf(bitmap);
  } finally {
    bitmap.close();
  }
}

/** @param {Blob} file */
async function decode(file) {
  try {
    return await createImageBitmap(file, {
      resizeWidth: EDGES_PX[0], resizeQuality: 'medium', imageOrientation: 'from-image',
    });
  } catch {
    return null;
  }
}

/**
 * A photo and its thumb, out of one canvas in full size, whose pixels are given back.
 * @param {Canvas} canvas @param {number} quality
 * @returns {Promise<Photo>}
 * @throws {DOMException} NotReadableError where there is no picture
 */
export async function photoOf(canvas, quality) {
  if (canvas.width === 0) throw new DOMException('no frame', 'NotReadableError');
  const [file, thumb] = await Promise.all([encode(canvas, quality), thumbOf(canvas)]);
  release(canvas);
  if (!file) throw new DOMException('no frame', 'NotReadableError');
  return { file, thumb };
}

/**
 * The small JPEG of a picture that is decoded already.
 * @param {ImageBitmap | Canvas} picture
 * @returns {Promise<ArrayBuffer | null>} at most MAX_THUMB_BYTES, where possible fewer
 */
export async function thumbOf(picture) {
  return (await fitting(picture, EDGES_PX.slice(0, 1), GOOD_THUMB_BYTES)) ?? fitting(picture, EDGES_PX, MAX_THUMB_BYTES);
}

/**
 * The first JPEG that is small enough, from the best to the worst.
 * @param {ImageBitmap | Canvas} picture @param {number[]} edges long edges in pixels @param {number} most bytes
 */
async function fitting(picture, edges, most) {
  for (const edge of edges) {
    const canvas = draw(picture, edge);
    for (const quality of QUALITIES) {
      const blob = await encode(canvas, quality);
      if (blob && blob.size <= most) return blob.arrayBuffer();
    }
  }
  return null;
}

/** @param {ImageBitmap | Canvas} picture @param {number} [edge] long edge in pixels, at most */
export function draw(picture, edge = Infinity) {
  const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
  const canvas = blank(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
  const context = /** @type {CanvasRenderingContext2D | null} */ (canvas.getContext('2d'));
  context?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** A worker has no document, and a page need not have the other kind. @param {number} width @param {number} height @returns {Canvas} */
function blank(width, height) {
  return globalThis.document ? Object.assign(document.createElement('canvas'), { width, height }) : new OffscreenCanvas(width, height);
}

/** @param {Canvas} canvas @param {number} quality @returns {Promise<Blob | null>} */
function encode(canvas, quality) {
  if (!('toBlob' in canvas)) return canvas.convertToBlob({ type: 'image/jpeg', quality });
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
}

/** Gives the pixels back now: eleven megabytes a shot would otherwise wait for the collector. @param {Canvas} canvas */
export function release(canvas) {
  canvas.width = canvas.height = 0;
}
