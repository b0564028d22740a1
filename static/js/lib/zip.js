// @ts-check
/**
 * A ZIP of stored, not compressed, files: photos are compressed already. Made of Blobs, which the browser may keep
 * outside the memory of the page. Format: PKWARE APPNOTE 6.3.10, §4.3.7, §4.3.12, §4.3.16; names in UTF-8 (§4.4.4).
 */
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const UTF8_NAMES = 0x0800;
/** Beyond these an archive needs ZIP64, which we do not write (APPNOTE §4.4.1.4). */
const MAX_ZIP_BYTES = 0xffff_ffff;
export const MAX_ZIP_FILES = 0xffff;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;

/** @typedef {{ name: Uint8Array<ArrayBuffer>, size: number, crc: number, time: number, date: number, at: number }} Entry */

export class ZipTooLarge extends Error {}

export class ZipWriter {
  /** @type {Blob[]} */
  #parts = [];
  /** @type {Entry[]} */
  #entries = [];
  #at = 0;

  /**
   * Appends one file; its bytes may be forgotten afterwards.
   * @param {string} name @param {Uint8Array<ArrayBuffer>} bytes @param {string} at local time, `2026-11-23T10:42:07…`
   * @throws {ZipTooLarge}
   */
  add(name, bytes, at) {
    const entry = { name: new TextEncoder().encode(name), size: bytes.byteLength, crc: crc32(bytes), ...dosTime(at), at: this.#at };
    const size = LOCAL_BYTES + entry.name.byteLength + entry.size;
    if (this.#entries.length >= MAX_ZIP_FILES || this.#at + size > MAX_ZIP_BYTES) throw new ZipTooLarge();
    this.#parts.push(new Blob([localHeader(entry), entry.name, bytes]));
    this.#entries.push(entry);
    this.#at += size;
  }

  /** @returns {Blob} the archive @throws {ZipTooLarge} */
  close() {
    const size = this.#entries.reduce((sum, entry) => sum + CENTRAL_BYTES + entry.name.byteLength, 0);
    if (this.#at + size > MAX_ZIP_BYTES) throw new ZipTooLarge();
    const directory = this.#entries.flatMap((entry) => [centralHeader(entry), entry.name]);
    return new Blob([...this.#parts, ...directory, end(this.#entries.length, size, this.#at)], { type: 'application/zip' });
  }
}

/** @param {Entry} entry */
function localHeader(entry) {
  return fields(LOCAL_BYTES, [4, LOCAL], [2, VERSION], ...common(entry), [2, 0]);
}

/** @param {Entry} entry */
function centralHeader(entry) {
  return fields(CENTRAL_BYTES, [4, CENTRAL], [2, VERSION], [2, VERSION], ...common(entry),
    [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, entry.at]);
}

/** What both headers say: flags, method (0: stored), time, sums and lengths. @param {Entry} entry @returns {[2 | 4, number][]} */
function common({ name, size, crc, time, date }) {
  return [[2, UTF8_NAMES], [2, 0], [2, time], [2, date], [4, crc], [4, size], [4, size], [2, name.byteLength]];
}

/** @param {number} count @param {number} size of the directory @param {number} at where it begins */
function end(count, size, at) {
  return fields(22, [4, END], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, at], [2, 0]);
}

/** Little-endian numbers one behind the other. @param {number} size @param {...[2 | 4, number]} values each width and value */
function fields(size, ...values) {
  const view = new DataView(new ArrayBuffer(size));
  let at = 0;
  for (const [width, value] of values) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return view;
}

/** The wall clock as MS-DOS keeps it, to two seconds, from 1980 on. @param {string} at */
function dosTime(at) {
  const [year, month, day, hour, minute, second] = (at.match(/\d+/g) ?? []).map(Number);
  if (!(year >= 1980 && year < 2108)) return { date: 0x21, time: 0 };
  return { date: ((year - 1980) << 9) | (month << 5) | day, time: (hour << 11) | (minute << 5) | (second >> 1) };
}

const SLICES = 4;
/** Tables for four bytes a step, which is what makes hundreds of megabytes bearable on a phone. */
const TABLES = crcTables();

function crcTables() {
  const tables = Array.from({ length: SLICES }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    tables[0][byte] = sum;
  }
  for (let slice = 1; slice < SLICES; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = tables[slice - 1][byte];
      tables[slice][byte] = (before >>> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

/** CRC-32 as in ISO 3309, four bytes at a time. @param {Uint8Array} bytes @returns {number} */
export function crc32(bytes) {
  const [t0, t1, t2, t3] = TABLES;
  const whole = bytes.length - (bytes.length % SLICES);
  let sum = -1;
  let at = 0;
  while (at < whole) {
    sum ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    sum = t3[sum & 0xff] ^ t2[(sum >>> 8) & 0xff] ^ t1[(sum >>> 16) & 0xff] ^ t0[sum >>> 24];
    at += SLICES;
  }
  while (at < bytes.length) sum = (sum >>> 8) ^ t0[(sum ^ bytes[at++]) & 0xff];
  return (sum ^ -1) >>> 0;
}
