// @ts-check
/** The newest id known here, as millisecond and counter: later ids are always larger, whatever the clock does. */
let last = { ms: 0, count: 0 };

const MAX_COUNT = 0xfff;

/**
 * A new UUIDv7 that sorts after every id seen before (RFC 9562 §5.7 with a counter in rand_a, §6.2 method 1).
 * @param {number} [now] milliseconds since 1970
 */
export function newId(now = Date.now()) {
  last = next(now);
  const random = crypto.getRandomValues(new Uint8Array(8));
  random[0] = (random[0] & 0x3f) | 0x80;
  const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const time = last.ms.toString(16).padStart(12, '0');
  const count = last.count.toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

/** @param {number} now */
function next(now) {
  if (now > last.ms) return { ms: now, count: 0 };
  if (last.count < MAX_COUNT) return { ms: last.ms, count: last.count + 1 };
  return { ms: last.ms + 1, count: 0 };
}

/**
 * Makes every later id sort after this one: a restart forgets the counter, the stored rows remember it.
 * @param {string} id
 */
export function follow(id) {
  const ms = parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const count = parseInt(id.slice(15, 18), 16);
  if (ms > last.ms || (ms === last.ms && count > last.count)) last = { ms, count };
}
