// @ts-check
/** English sentences by their German ones. @type {Record<string, string>} */
let english = {};

/** Loads the translation where the page wants one. Never in the worker: it speaks to nobody and may not import late. */
export async function learn() {
  if (locale() !== 'de-DE') ({ ENGLISH: english } = await import('./english.js'));
}

/** The language of the page; German is the source, a sentence without a translation stays German. */
export function locale() {
  const language = /** @type {any} */ (globalThis).document?.documentElement.lang || 'de';
  return language.startsWith('en') ? 'en-GB' : 'de-DE';
}

/**
 * A sentence in the language of the page. `{name}` is replaced by the value of that name.
 * @param {string} german @param {Record<string, string | number>} [values]
 */
export function t(german, values = {}) {
  /** @type {string} */
  const sentence = locale() === 'de-DE' ? german : english[german] ?? german;
  return sentence.replace(/\{(\w+)\}/g, (hole, name) => (name in values ? shown(values[name]) : hole));
}

/** A number as people write it; small whole ones need no formatter, which a list of hundreds feels. @param {number} value @param {number} [digits] after the comma, at most */
function figure(value, digits = 3) {
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value);
  return value.toLocaleString(locale(), { maximumFractionDigits: digits });
}

/** One digit after the comma unless it is a nought, `3,4`. @param {number} value below 1000 */
function tenth(value) {
  const words = String(Math.round(value * 10) / 10);
  return locale() === 'de-DE' ? words.replace('.', ',') : words;
}

/** @param {string | number} value */
function shown(value) {
  return typeof value === 'number' ? figure(value) : value;
}

/**
 * A counted sentence; both languages know one and many.
 * @param {number} count @param {string} one @param {string} many both with `{n}`
 */
export function n(count, one, many) {
  return t(count === 1 ? one : many, { n: count });
}

/** A size people read, `3,4 MB`. @param {number} bytes */
export function fileSize(bytes) {
  if (bytes < 1_000_000) return `${figure(Math.max(1, Math.round(bytes / 1000)))} kB`;
  if (bytes < 1_000_000_000) return `${tenth(bytes / 1_000_000)} MB`;
  return `${tenth(bytes / 1_000_000_000)} GB`;
}
