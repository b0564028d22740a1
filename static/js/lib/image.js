// @ts-check
const EDGES_PX = [320, 240, 160];
const QUALITIES = [0.7, 0.5, 0.3];
export const MAX_THUMB_BYTES = 20_000;

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
    return await smallest(bitmap);
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

/** @param {ImageBitmap} bitmap */
async function smallest(bitmap) {
  for (const edge of EDGES_PX) {
    const canvas = draw(bitmap, edge);
    for (const quality of QUALITIES) {
      const blob = await encode(canvas, quality);
      if (blob && blob.size <= MAX_THUMB_BYTES) return blob.arrayBuffer();
    }
  }
  return null;
}

/** @param {ImageBitmap} bitmap @param {number} edge long edge in pixels */
function draw(bitmap, edge) {
  const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @param {number} quality @returns {Promise<Blob | null>} */
export function encode(canvas, quality) {
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
}
