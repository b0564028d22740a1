// @ts-check
import { read, write } from './db.js';
import { NotKept, enqueue, itemsOf } from './outbox.js';
import { activeSession } from './session.js';
import { sendSoon } from './triggers.js';
import { newId } from '../lib/ids.js';

/**
 * A recording under way: its description and, slice by slice, what the recorder gave. If the page dies, the next
 * start finds it here and makes an item of it.
 * @typedef {{ owner: string, kind: 'video' | 'voice', job: string | null, captured_at: string, fields: Record<string, unknown>, mime: string, thumb: ArrayBuffer | null }} Head
 * @typedef {{ add: (slice: Blob, ms: number) => void, end: () => Promise<void>, leave: () => void }} Held
 */

const PREFIX = 'recording/';
/** @param {string} id */
const lockOf = (id) => `recording-${id}`;

/** Keeps a recording from its first second on. @param {Head} head @returns {Promise<Held>} */
export async function holdRecording(head) {
  const id = newId();
  const leave = await holdLock(lockOf(id));
  await put(PREFIX + id, head);
  let count = 0;
  let line = Promise.resolve();
  return {
    add: (slice, ms) => {
      const key = `${PREFIX}${id}/${String((count += 1)).padStart(4, '0')}`;
      // What the disk does not take stays in memory with the recorder; only a dying page would lose it.
      line = line.then(async () => put(key, { bytes: await slice.arrayBuffer(), ms })).catch(console.warn);
    },
    end: async () => {
      await line;
      await drop(id);
      leave();
    },
    leave,
  };
}

/**
 * Makes items of recordings whose page died. One that cannot be kept stays as it is and stops no other.
 * @returns {Promise<{ rescued: number, waiting: number }>} `waiting`: still here, until there is room
 */
export async function rescueRecordings() {
  const found = { rescued: 0, waiting: 0 };
  const session = await activeSession();
  if (!session) return found;
  /** @type {unknown} */
  let failed = null;
  for (const [id, head] of await heads()) {
    if (head.owner !== session.actor) continue;
    await navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      try {
        found.rescued += await rescue(id, head);
      } catch (error) {
        if (error instanceof NotKept && error.code === 'full') found.waiting += 1;
        else failed ??= error;
      }
    });
  }
  if (found.rescued > 0) void sendSoon();
  if (failed) throw failed;
  return found;
}

/** @param {string} id @param {Head} head */
async function rescue(id, head) {
  const { owner, kind, job, captured_at, mime, thumb } = head;
  const slices = await read(['meta'], (tx) => tx.objectStore('meta').getAll(within(`${PREFIX}${id}/`)));
  // The page may have died between keeping the item and dropping this.
  const known = (await itemsOf(owner)).some((item) => item.kind === kind && item.captured_at === captured_at);
  const fresh = slices.length > 0 && !known;
  if (fresh) {
    const file = new Blob(slices.map((/** @type {{ bytes: ArrayBuffer }} */ slice) => slice.bytes), { type: mime });
    await enqueue({ owner, kind, job, captured_at, fields: { ...head.fields, duration_ms: slices[slices.length - 1].ms }, file, thumb });
  }
  await drop(id);
  return fresh ? 1 : 0;
}

/** @returns {Promise<[string, Head][]>} */
async function heads() {
  const [keys, values] = await read(['meta'], (tx) => {
    const meta = tx.objectStore('meta');
    return Promise.all([meta.getAllKeys(within(PREFIX)), meta.getAll(within(PREFIX))]);
  });
  const all = keys.map((/** @type {string} */ key, /** @type {number} */ place) => [key.slice(PREFIX.length), values[place]]);
  return all.filter((/** @type {[string, unknown]} */ [id]) => !id.includes('/'));
}

/** @param {string} prefix */
function within(prefix) {
  return IDBKeyRange.bound(prefix, `${prefix}~`);
}

/** @param {string} key @param {unknown} value */
function put(key, value) {
  return write(['meta'], (tx) => tx.objectStore('meta').put(value, key));
}

/** @param {string} id */
function drop(id) {
  return write(['meta'], (tx) => tx.objectStore('meta').delete(within(PREFIX + id)));
}

/** Held until let go or until the page dies; that is how the next one knows. @param {string} name @returns {Promise<() => void>} */
function holdLock(name) {
  return new Promise((held, failed) => {
    navigator.locks.request(name, () => new Promise((free) => held(() => free(undefined)))).catch(failed);
  });
}
