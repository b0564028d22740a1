// @ts-check
const EDGES_PX = [1600, 1280, 1024];
const QUALITIES = [0.7, 0.5, 0.3];
export const MAX_PREVIEW_BYTES = 250_000;

/**
 * A picture of screen size of a kept photo, made in a page or in the worker, or null where it cannot be made.
 * @param {Blob} file
 * @returns {Promise<ArrayBuffer | null>} at most MAX_PREVIEW_BYTES
 */
export async function makePreview(file) {
  const shape = { resizeWidth: EDGES_PX[0], resizeQuality: /** @type {const} */ ('medium'), imageOrientation: /** @type {const} */ ('from-image') };
  const bitmap = await createImageBitmap(file, shape).catch(() => null);
  if (!bitmap || typeof OffscreenCanvas === 'undefined') return null;
  try {
    for (const edge of EDGES_PX) {
      const canvas = draw(bitmap, edge);
      for (const quality of QUALITIES) {
        const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
        if (blob.size <= MAX_PREVIEW_BYTES) return blob.arrayBuffer();
      }
    }
    return null;
  } finally {
    bitmap.close();
  }
}

/** @param {ImageBitmap} picture @param {number} edge long edge in pixels */
function draw(picture, edge) {
  const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
  const pen = /** @type {OffscreenCanvasRenderingContext2D | null} */ (canvas.getContext('2d'));
  pen?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}
