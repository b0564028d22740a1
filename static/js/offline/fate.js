// @ts-check
import { note } from './log.js';
import { change } from './outbox.js';
import { afterFirst } from '../lib/first.js';
import { Later, Parked, Pause } from '../lib/http.js';

/** @typedef {import('./item.js').Item} Item */

const BACKOFF_MS = 2_000;
export const BACKOFF_MAX_MS = 300_000;
/** So many items failing one after the other mean the server is unwell, not the items. */
const MAX_FAILURES_IN_A_ROW = 3;

/** Full jitter: many phones behind one router must not come back together. @param {number} failures */
export function jitter(failures) {
  return Math.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** failures);
}

/**
 * One step of one item; its failure is its own unless it is the line's.
 * @param {Item} row @param {import('./rounds.js').Round} round @param {(row: Item) => Promise<unknown>} work
 */
export async function step(row, round, work) {
  try {
    await afterFirst();
    await work(row);
    round.failures = 0;
    round.moved = true;
  } catch (error) {
    if (error instanceof Pause) round.stopped = true;
    round.tried.add(row.id);
    await fail(row, error);
    round.failures = error instanceof Later ? round.failures + 1 : 0;
    if (round.failures >= MAX_FAILURES_IN_A_ROW) throw new Pause('busy');
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
