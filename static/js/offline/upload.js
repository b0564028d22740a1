// @ts-check
import { tell } from './changes.js';
import { getMeta, ifRoom, setMeta } from './db.js';
import { BACKOFF_MAX_MS, jitter } from './fate.js';
import { have } from './have.js';
import { checkSaving } from './keep.js';
import { alone } from './lock.js';
import { note } from './log.js';
import { heed, obeyIfEmpty, payObeyed } from './orders.js';
import { idsIn, moveAll } from './outbox.js';
import { isReportDue, report } from './report.js';
import { newRound, rounds } from './rounds.js';
import { activeSession, deviceId, isLeaving } from './session.js';
import { purge, purgeable } from './space.js';
import { tellWithdrawn } from './withdrawn.js';
import { Pause } from '../lib/http.js';

export { call } from './call.js';

/** @typedef {import('./rounds.js').Round} Round */
/**
 * forced: a human or the returning network asked, so no waiting time counts. human: somebody pressed the button, so
 * originals go whatever the line costs. chosen: the same for these ids only. returned: the browser believes in a
 * network, so only waiting for one ends.
 * @typedef {{ forced?: boolean, human?: boolean, chosen?: string[], returned?: boolean }} How
 */

/** @type {Promise<string> | null} */
let running = null;
/** Somebody asked while a drain was running: the next one counts as asked for, whoever starts it. */
let urgent = asUsual();

/**
 * Sends what this phone owes, in page or worker. Never throws. A call during a drain waits for it and goes once
 * more, for what was added since; such calls share that one more.
 * @param {How} [how]
 * @returns {Promise<string>} how it ended: done · idle · held · running · storage · the reason of a Pause
 */
export async function drain({ forced = false, human = false, chosen = [], returned = false } = {}) {
  urgent = also({ forced: forced || human, human, chosen });
  if (running) await running;
  running ??= start(returned).catch(stumbled).finally(() => {
    running = null;
  });
  return running;
}

/** @param {ReturnType<typeof asUsual>} how @returns {ReturnType<typeof asUsual>} what was asked before, and this */
function also({ forced, human, chosen }) {
  return { forced: urgent.forced || forced, human: urgent.human || human, chosen: [...urgent.chosen, ...chosen] };
}

/** @returns {{ forced: boolean, human: boolean, chosen: string[] }} */
function asUsual() {
  return { forced: false, human: false, chosen: [] };
}

/** What was asked for while another window or the worker sends stays asked for. @param {boolean} returned */
async function start(returned) {
  const how = urgent;
  urgent = asUsual();
  const end = await alone(() => attempt(how, returned));
  if (end === 'running') urgent = also(how);
  return end;
}

/** The storage failed under us: rows stand as they are, the next trigger tries again. @param {unknown} error */
function stumbled(error) {
  console.error(error);
  return 'storage';
}

/** @param {ReturnType<typeof asUsual>} how @param {boolean} returned */
async function attempt(how, returned) {
  const session = await activeSession();
  if (!session) return 'idle';
  const hold = await getMeta('hold');
  if (!how.forced && how.chosen.length === 0 && isWaiting(hold) && !(returned && hold.reason === 'network')) return 'held';
  const device = await deviceId();
  const round = newRound(session.actor, device, { ...how, human: how.human || (await isLeaving()) });
  try {
    await payObeyed(device);
    await moveAll(session.actor, ['sending'], 'queued');
    await checkSaving(session.actor);
    await rounds(round);
    await tellWithdrawn(round.owner, device);
    await purgeCopies(round);
    if (hold) await holdUp(undefined);
    await settle(round);
    return 'done';
  } catch (error) {
    return pause(round, error, round.moved ? 0 : (hold?.failures ?? 0) + 1);
  }
}

/** Longer than it was meant to be is a clock that stepped back. @param {{ until: number, wait_ms?: number } | undefined} hold */
function isWaiting(hold) {
  const left = (hold?.until ?? 0) - Date.now();
  return left > 0 && left <= (hold?.wait_ms ?? BACKOFF_MAX_MS);
}

/** @param {Round} round */
async function purgeCopies(round) {
  const rows = await purgeable(round.owner);
  if (rows.length === 0) return;
  const again = await purge(rows, await have(round.owner, round.device, rows.map((row) => row.id)));
  if (again > 0) await rounds(round);
}

/** What follows when everything was tried: the office hears of it, and an order to leave is obeyed. @param {Round} round */
async function settle(round) {
  if (await isLeaving()) {
    round.tried.clear();
    if ((await idsIn(round.owner, 'stored')).length > 0) await rounds(round);
    await obeyIfEmpty(round.device);
  }
  if (round.owed || (await isReportDue())) await report(round.owner, round.device).catch(unlessWiped);
}

/** Nobody waits for a report. @param {unknown} error */
function unlessWiped(error) {
  if (!(error instanceof Pause) || error.reason === 'wiped') throw error;
}

/** @param {Round} round @param {unknown} reason @param {number} failures @returns {Promise<string>} */
async function pause({ owner, device }, reason, failures) {
  if (!(reason instanceof Pause)) throw reason;
  if (reason.reason === 'wiped' || (reason.order && (await wiped(reason.order, device)))) return 'wiped';
  const wait_ms = Math.max(reason.retryAfterS * 1000, jitter(failures));
  await holdUp({ failures, until: Date.now() + wait_ms, wait_ms, reason: reason.reason });
  await moveAll(owner, ['sending'], 'queued');
  if (reason.reason === 'login') await moveAll(owner, ['queued'], 'paused-login', { error: 'login' });
  if (reason.reason === 'user.disabled') await moveAll(owner, ['queued', 'paused-login'], 'needs-attention', { error: 'forbidden' });
  await note('pause', null, reason.reason);
  return reason.reason;
}

/**
 * Notes what everything waits for, or that nothing does, and says so to every page: no row need have changed.
 * @param {{ failures: number, until: number, wait_ms: number, reason: string } | undefined} hold
 */
async function holdUp(hold) {
  await ifRoom(setMeta('hold', hold, { relaxed: true }));
  tell(null);
}

/** @param {string} order @param {string} device */
function wiped(order, device) {
  return heed(order, device).then(() => false, (error) => {
    if (error instanceof Pause) return error.reason === 'wiped';
    throw error;
  });
}
