// @ts-check
import { getMeta } from './db.js';
import { heed, payObeyed } from './orders.js';
import { anything } from './outbox.js';
import { isReportDue, report } from './report.js';
import { activeSession, currentSession, deviceId } from './session.js';
import { ask, Pause } from '../lib/http.js';

/** @type {Promise<void> | null} */
let running = null;

/** Calls the office, once at a time. */
export function call() {
  running ??= tellOrAsk().finally(() => {
    running = null;
  });
  return running;
}

/**
 * Tells the office of this phone when nothing else does. A phone that is signed out has nothing to tell, but asks
 * with its name alone whether it is to be emptied: its session may have been ended for that.
 */
async function tellOrAsk() {
  const device = await getMeta('device');
  try {
    if (device) await payObeyed(device);
    const session = await activeSession();
    if (session && (await isPhone(session)) && (await isReportDue())) await report(session.actor, device ?? await deviceId());
    else if (!session && device && (await currentSession())) await askSignedOut(device);
  } catch (error) {
    if (!(error instanceof Pause)) throw error;
  }
}

/** A desk that never kept anything is no phone. @param {{ role: string }} session */
async function isPhone({ role }) {
  return role === 'worker' || anything();
}

/** @param {string} device */
async function askSignedOut(device) {
  const { status, json } = await ask('POST', '/sync/have', { json: { ids: [] }, headers: { 'X-Device': device } });
  if (status === 401 && json?.order) await heed(json.order, device);
}
