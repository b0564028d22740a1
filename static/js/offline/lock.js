// @ts-check
import { getMeta, setMeta } from './db.js';

const WAIT_MS = 5_000;
const PULSE_MS = 10_000;
/** A drain without a pulse for this long is dead, whatever its lock says (WebKit bug 283528). */
const DEAD_MS = 45_000;

/**
 * One drain at a time over all windows and the worker. The lock only saves double work, the server is idempotent:
 * so a lock whose holder died is passed by.
 * @param {() => Promise<string>} work
 */
export async function alone(work) {
  if (!navigator.locks) return pulsing(work);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), WAIT_MS);
  let granted = false;
  const holding = () => {
    granted = true;
    clearTimeout(timer);
    return pulsing(work);
  };
  try {
    return await navigator.locks.request('outbox', { signal: late.signal }, holding);
  } catch (error) {
    if (granted) throw error;
    return (await isAlive()) ? 'running' : pulsing(work);
  } finally {
    clearTimeout(timer);
  }
}

/** A clock that jumped says nothing: a pulse far away in either direction is none. */
async function isAlive() {
  const beat = (await getMeta('beat')) ?? 0;
  return Math.abs(Date.now() - beat) <= DEAD_MS;
}

/** Shows that this drain lives, also while a slow line is silent. @param {() => Promise<string>} work */
async function pulsing(work) {
  const pulse = () => void setMeta('beat', Date.now(), { relaxed: true }).catch(() => {});
  pulse();
  const timer = setInterval(pulse, PULSE_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
