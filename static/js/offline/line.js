// @ts-check
import { readPrefs } from './prefs.js';

const KIB = 1024;
const MIN_SLICE = 16 * KIB;
const FIRST_SLICE = 256 * KIB;
const MAX_SLICE = 1024 * KIB;
/** A slice that takes about this long: short enough for a line that breaks, long enough to hide the round trip. */
const AIM_MS = 2_500;
const PATIENCE_MS = 20_000;
/** Bytes a second a line of unknown speed must reach, else its first slice counts as stalled. */
const FLOOR = 4_000;
/** As fast as Wi-Fi, where the browser does not say what the line is: 2 Mbit/s. */
const QUICK = 250_000;

/** Bytes a second of the last slices, 0 while unknown; shared by all uploads of this page. */
let rate = 0;

/** How much goes with one request on the line as it was last. */
export function sliceSize() {
  if (rate === 0) return FIRST_SLICE;
  const wanted = Math.floor((rate * AIM_MS) / 1000 / MIN_SLICE) * MIN_SLICE;
  return Math.min(MAX_SLICE, Math.max(MIN_SLICE, wanted));
}

/** How long a slice may take before the line counts as dead: four times what it should, and a while. @param {number} size */
export function patienceFor(size) {
  return PATIENCE_MS + (4000 * size) / Math.max(rate, 4 * FLOOR);
}

/**
 * The end of a file says little: what goes with it is mostly the way there and back, and the office's disk.
 * @param {number} size @param {number} ms
 */
export function arrived(size, ms) {
  const now = (size / Math.max(ms, 1)) * 1000;
  if (size < sliceSize()) rate = Math.max(rate, now);
  else rate = rate === 0 ? now : (rate + now) / 2;
}

/** The line broke: smaller steps lose less. */
export function broke() {
  rate = sliceSize() > MIN_SLICE ? ((sliceSize() / 2) * 1000) / AIM_MS : rate;
}

/** @returns {'wifi' | 'cellular' | 'unknown'} only some browsers say it */
function lineKind() {
  const type = hints()?.type;
  if (type === 'wifi' || type === 'ethernet') return 'wifi';
  return type === 'cellular' ? 'cellular' : 'unknown';
}

/** How many originals go at once: each is whole in memory. */
export function width() {
  const kind = lineKind();
  return kind === 'wifi' || (kind === 'unknown' && rate > QUICK) ? 2 : 1;
}

/** Whether originals wait for a cheaper line; descriptions, thumbs and previews never do. */
export async function spareOriginals() {
  const kind = lineKind();
  if (kind === 'wifi') return false;
  return hints()?.saveData === true || (kind === 'cellular' && (await readPrefs()).wifi_only);
}

/** Whether this browser tells a mobile line from Wi-Fi at all; an iPhone's does not. */
export function tellsLine() {
  return hints()?.type !== undefined;
}

/** @returns {{ type?: string, saveData?: boolean } | undefined} */
function hints() {
  return /** @type {any} */ (globalThis.navigator)?.connection;
}
