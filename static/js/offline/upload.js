// @ts-check
import { getMeta, setMeta } from './db.js';
import { checkSaving } from './keep.js';
import { note } from './log.js';
import { change, inStates, moveAll, purge, unsent } from './outbox.js';
import { announce, bring } from './send.js';
import { activeSession, deviceId } from './session.js';
import { ask, CLIENT, judge, Later, Parked, Pause } from '../lib/http.js';
import { localIso } from '../lib/time.js';

/** @typedef {import('./db.js').Item} Item */
/** @typedef {import('./send.js').Known} Known */

const KIND_ORDER = ['job', 'photo', 'video', 'voice', 'filing', 'note', 'call', 'question'];
const HAVE_AT_ONCE = 200;
const LOCK_WAIT_MS = 5_000;
/** A drain that has not moved for this long is dead, whatever its lock says (WebKit bug 283528). */
const DEAD_MS = 45_000;
const BACKOFF_MS = 2_000;
const BACKOFF_MAX_MS = 300_000;
/** So many items failing one after the other mean the server is unwell, not the items. */
const MAX_FAILURES_IN_A_ROW = 3;

/** @type {Promise<string> | null} */
let running = null;
/** Somebody asked while a drain was running: the next one counts as asked for, whoever starts it. */
let urgent = false;

/**
 * Sends what this phone owes, in page or worker. Never throws. A call during a drain waits for it and goes once
 * more, for what was added since; such calls share that one more.
 * @param {{ forced?: boolean, returned?: boolean }} [options] forced: a human or the returning network asked, so no
 *   waiting time counts; returned: the browser believes in a network, so only waiting for one ends
 * @returns {Promise<string>} how it ended: done · idle · held · running · storage · the reason of a Pause
 */
export async function drain({ forced = false, returned = false } = {}) {
  urgent ||= forced;
  if (running) await running;
  running ??= start(returned).catch(stumbled).finally(() => {
    running = null;
  });
  return running;
}

/** @param {boolean} returned */
function start(returned) {
  const forced = urgent;
  urgent = false;
  return alone(() => attempt(forced, returned));
}

/** The storage failed under us: rows stand as they are, the next trigger tries again. @param {unknown} error */
function stumbled(error) {
  console.error(error);
  return 'storage';
}

/**
 * One drain at a time over all windows and the worker. The lock only saves double work, the server is idempotent:
 * so a lock whose holder died is passed by.
 * @param {() => Promise<string>} work
 */
async function alone(work) {
  if (!navigator.locks) return work();
  let granted = false;
  const holding = () => {
    granted = true;
    return work();
  };
  try {
    return await navigator.locks.request('outbox', { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, holding);
  } catch (error) {
    if (granted) throw error;
    const beat = (await getMeta('beat')) ?? 0;
    return Date.now() - beat > DEAD_MS ? work() : 'running';
  }
}

/** @param {boolean} forced @param {boolean} returned */
async function attempt(forced, returned) {
  const session = await activeSession();
  if (!session) return 'idle';
  const hold = (await getMeta('hold')) ?? { failures: 0, until: 0 };
  const over = forced || hold.until <= Date.now() || (returned && hold.reason === 'network');
  if (!over) return 'held';
  try {
    const device = await deviceId();
    await moveAll(session.actor, ['sending'], 'queued');
    await checkSaving(session.actor);
    await rounds(session.actor, device, forced);
    await purge(session.actor);
    await setMeta('hold', undefined);
    return 'done';
  } catch (error) {
    if (!(error instanceof Pause)) throw error;
    await pause(session.actor, error, hold.failures + 1);
    return error.reason;
  }
}

/** @param {string} owner @param {Pause} reason @param {number} failures */
async function pause(owner, reason, failures) {
  const wait = Math.max(reason.retryAfterS * 1000, jitter(failures));
  await setMeta('hold', { failures, until: Date.now() + wait, reason: reason.reason });
  await moveAll(owner, ['sending'], 'queued');
  if (reason.reason === 'login') await moveAll(owner, ['queued'], 'paused-login', { error: 'login' });
  await note('pause', null, reason.reason);
}

/** Full jitter: many phones behind one router must not come back together. @param {number} failures */
function jitter(failures) {
  return Math.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** failures);
}

/**
 * Goes round until nothing is left that may be sent now; what is added meanwhile is taken along.
 * @param {string} owner @param {string} device @param {boolean} forced
 */
async function rounds(owner, device, forced) {
  /** @type {Set<string>} */
  const tried = new Set();
  let owed = false;
  for (;;) {
    const due = await dueRows(owner, tried, forced);
    if (due.length === 0) break;
    owed ||= due.some((row) => row.state !== 'stored');
    const known = await have(owner, device, due.map((row) => row.id));
    await moveAll(owner, ['paused-login'], 'queued', { error: null });
    await sendAll(due, known, tried, headersOf(owner, device));
  }
  if (owed) await tellState(owner, device);
}

/** @param {string} owner @param {Set<string>} tried @param {boolean} forced */
async function dueRows(owner, tried, forced) {
  const rows = await inStates(owner, ['queued', 'paused-login', 'stored']);
  const now = Date.now();
  return rows.filter((row) => !tried.has(row.id) && (forced || row.next_try <= now));
}

/** @param {string} owner @param {string} device @returns {Record<string, string>} */
function headersOf(owner, device) {
  return { 'X-Device': device, 'X-Device-Time': localIso(), 'X-Owner': owner };
}

/**
 * The one cheap question before everything: is it our server, are we signed in as the owner, what is there already?
 * @param {string} owner @param {string} device @param {string[]} ids
 * @returns {Promise<Map<string, Known>>}
 */
async function have(owner, device, ids) {
  const known = new Map();
  for (let start = 0; start < ids.length; start += HAVE_AT_ONCE) {
    const { json } = await askHave(owner, device, ids.slice(start, start + HAVE_AT_ONCE));
    for (const [id, entry] of Object.entries(json.items)) known.set(id, entry);
  }
  await setMeta('beat', Date.now());
  return known;
}

/** @param {string} owner @param {string} device @param {string[]} ids */
async function askHave(owner, device, ids) {
  const answer = await ask('POST', '/sync/have', { json: { ids }, headers: headersOf(owner, device) });
  if (answer.status === 403) throw new Pause('forbidden');
  judge(answer);
  if (!answer.json?.items || !answer.json.user) throw new Pause('portal');
  if (answer.json.min_client > CLIENT) throw new Pause('update');
  if (answer.json.user.id !== owner) throw new Pause('other-user');
  return answer;
}

/**
 * Descriptions first, then bytes: the office sees every thumb before the first original is complete.
 * @param {Item[]} rows @param {Map<string, Known>} known @param {Set<string>} tried @param {Record<string, string>} headers
 */
async function sendAll(rows, known, tried, headers) {
  const failures = { inARow: 0 };
  const step = (/** @type {Item} */ row, /** @type {(row: Item) => Promise<unknown>} */ work) => guarded(row, tried, failures, work);
  const of = (/** @type {Item} */ row) => known.get(row.id);
  for (const row of byKind(rows)) await step(row, (item) => announce(item, of(item), headers));
  for (const row of questionsFirst(rows)) {
    if (!tried.has(row.id)) await step(row, (item) => bring(item, of(item), headers));
    tried.add(row.id);
  }
}

/** @param {Item[]} rows */
function byKind(rows) {
  return [...rows].sort((a, b) => KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind));
}

/** Photos a question waits for come first. @param {Item[]} rows */
function questionsFirst(rows) {
  const wanted = new Set(rows.flatMap((row) => (row.kind === 'question' ? /** @type {string[]} */ (row.body.refs ?? []) : [])));
  return [...rows].sort((a, b) => Number(wanted.has(b.id)) - Number(wanted.has(a.id)));
}

/**
 * One step of one item; its failure is its own unless it is the line's.
 * @param {Item} row @param {Set<string>} tried @param {{ inARow: number }} failures @param {(row: Item) => Promise<unknown>} work
 */
async function guarded(row, tried, failures, work) {
  try {
    await work(row);
    failures.inARow = 0;
  } catch (error) {
    tried.add(row.id);
    await fail(row, error);
    failures.inARow = error instanceof Later ? failures.inARow + 1 : 0;
    if (failures.inARow >= MAX_FAILURES_IN_A_ROW) throw new Pause('busy');
  }
}

/** @param {Item} row @param {unknown} error */
async function fail(row, error) {
  if (error instanceof Parked) {
    await change(row.id, { state: 'needs-attention', error: error.code });
    await note('parked', row.id, error.code);
  } else if (error instanceof Later) {
    const attempts = row.attempts + 1;
    const next_try = Date.now() + Math.max(error.retryAfterS * 1000, jitter(attempts));
    await change(row.id, { state: 'queued', error: error.code, attempts, next_try });
    await note('later', row.id, error.code);
  } else {
    throw error;
  }
}

/** Tells the office how much is still here; nobody waits for it. @param {string} owner @param {string} device */
async function tellState(owner, device) {
  const rows = await unsent(owner);
  const oldest = rows[0] ? new Date(rows[0].made_ms).toISOString() : null;
  const json = { device, unsent: rows.length, oldest };
  await ask('POST', '/sync/state', { json, headers: headersOf(owner, device) }).catch(() => null);
}
