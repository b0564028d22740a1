// @ts-check
import { checkCanary, countForTwin } from './canary.js';
import { getMeta, read } from './db.js';
import { leaveWhenGone } from './gone.js';
import { anything, counts, inStates, onChange } from './outbox.js';
import { refresh } from './readmodel.js';
import { activeSession } from './session.js';
import { coalesce } from '../lib/dom.js';
import { afterFirst } from '../lib/first.js';

const EVERY_MS = 30_000;
const LONGEST_MS = 300_000;
/** So long a first visit may take to bring the worker with everything it keeps. */
const WORKER_MS = 20_000;

let planned = 0;

/** @type {Promise<typeof import('./upload.js')> | null} */
let loading = null;
let failed = 0;

/** @type {Promise<ServiceWorkerRegistration | null>} */
let worker = Promise.resolve(null);

/**
 * The sender comes after the page: at once where something waits, else when the worker has brought it. A browser that could not load it for want of
 * network never asks for that address again, so the next try has another one.
 */
function sender() {
  loading ??= import(failed === 0 ? './upload.js' : `./upload.js?${failed}`).catch((error) => {
    loading = null;
    failed += 1;
    throw error;
  });
  return /** @type {Promise<typeof import('./upload.js')>} */ (loading);
}

/** @param {import('./upload.js').How} [how] */
export async function drain(how) {
  if (!(await anything())) return 'idle';
  const engine = await sender().catch(() => null);
  if (!engine) return 'network';
  const end = await engine.drain(how);
  await plan();
  return end;
}

/** What waits is tried again when its waiting time is over, not at the next tick. */
async function plan() {
  await afterFirst();
  clearTimeout(planned);
  if (document.visibilityState !== 'visible') return;
  const left = await nextTryIn();
  if (left !== null) planned = setTimeout(() => void drain(), left + 50);
}

/** @returns {Promise<number | null>} ms until the line or the first item may be tried again */
async function nextTryIn() {
  const [hold, session] = await Promise.all([getMeta('hold'), activeSession()]);
  if (hold) return Math.min(Math.max(hold.until - Date.now(), 0), hold.wait_ms ?? EVERY_MS);
  const rows = session ? await inStates(session.actor, ['queued']) : [];
  const waits = rows.map((row) => row.next_try - Date.now()).filter((left) => left > 0 && left < LONGEST_MS);
  return waits.length > 0 ? waits.reduce((a, b) => Math.min(a, b)) : null;
}

/** Sends soon after something was kept; the browser may also finish it later by itself (Chromium). */
export async function sendSoon() {
  void askForBackgroundSync();
  await afterFirst();
  return drain();
}

/**
 * Tries whenever there is reason to hope, and rests when hidden or empty (offline-pwa.md §4.8).
 * @param {Promise<ServiceWorkerRegistration | null>} registered
 */
export function keepSending(registered) {
  worker = registered;
  leaveWhenGone();
  addEventListener('online', () => void catchUp(true));
  addEventListener('pageshow', (event) => void (event.persisted && catchUp(false)));
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void catchUp(false);
    else clearTimeout(planned);
  });
  setInterval(() => void tick(), EVERY_MS);
  onChange(coalesce(remember));
  void afterFirst().then(checkCanary).then(rescue).catch(console.error).then(() => catchUp(false));
}

/** A recording whose page died is made whole by the next page, whichever that is; the camera's says so itself. */
async function rescue() {
  if (document.querySelector('photo-capture, voice-note')) return;
  const begun = await read(['meta'], (tx) => tx.objectStore('meta').count(IDBKeyRange.bound('recording/', 'recording/~')));
  if (begun > 0) await (await import('./recordings.js')).rescueRecordings();
}

/** @param {boolean} forced */
async function catchUp(forced) {
  await drain({ forced });
  // A first visit fills the phone for the cellar at once; later on the office's order goes before its news.
  if (await isFirstVisit()) await refresh();
  await callOffice();
  await refresh();
}

/** Where nothing was sent, the office hears of this phone all the same, now and then, and may have an order for it. */
async function callOffice() {
  await broughtAlong();
  await idle();
  const engine = await sender().catch(() => null);
  await engine?.call();
}

/** On a first visit the worker fetches the sender with all the rest: fetched here too it would travel twice. */
async function broughtAlong() {
  if (!(await isFirstVisit())) return;
  await Promise.race([navigator.serviceWorker.ready, new Promise((resolve) => setTimeout(resolve, WORKER_MS))]);
}

/** Whether this browser takes a worker, but has none yet. */
async function isFirstVisit() {
  const registration = await worker;
  return Boolean(registration && !registration.active);
}

/** The camera of a cold start comes first. */
function idle() {
  const soon = globalThis.requestIdleCallback ?? setTimeout;
  return new Promise((resolve) => soon(() => resolve(undefined)));
}

async function tick() {
  if (document.visibilityState !== 'visible') return;
  const session = await activeSession();
  if (session && (await counts(session.actor)).waiting > 0) await drain();
}

async function remember() {
  await afterFirst();
  const session = await activeSession();
  if (session) countForTwin((await counts(session.actor)).waiting);
}

async function askForBackgroundSync() {
  try {
    const registration = /** @type {any} */ (await navigator.serviceWorker?.ready);
    await registration?.sync?.register('outbox');
  } catch {
    // a bonus only: nothing waits for it
  }
}
