// @ts-check
import { oldestMade } from './alarm.js';
import { getMeta, ifRoom, read, setMeta } from './db.js';
import { have, headersOf } from './have.js';
import { heed } from './orders.js';
import { retry, unsent, UNSENT } from './outbox.js';
import { storageState } from './storage.js';
import { ask } from '../lib/http.js';

/** @typedef {import('./item.js').Item} Item */

const HOLDS_AT_MOST = 50;
const NAME_AT_MOST = 80;
const EVERY_MS = 15 * 60 * 1000;
const PROBLEMS = ['needs-attention', 'lost-bytes'];
const BURIED = ['tombstone', 'photo.deleted'];
const WANTED = ['announced', 'receiving', 'stored'];

/** Whether the office has not heard of this phone for a while; a clock that jumped counts as a while. */
export async function isReportDue() {
  const last = (await getMeta('reported_ms')) ?? 0;
  return Math.abs(Date.now() - last) > EVERY_MS;
}

/**
 * Tells the office what is still here and how this phone is (O5); hears what it is to do.
 * @param {string} owner @param {string} device
 * @throws {import('../lib/http.js').Pause} network, or wiped
 */
export async function report(owner, device) {
  const [rows, others] = await Promise.all([unsent(owner), othersUnsent(owner)]);
  const oldest = [oldestMade(rows), others.oldest_ms].filter((ms) => typeof ms === 'number');
  const json = {
    device, unsent: rows.length, oldest: oldest.length > 0 ? moment(Math.min(...oldest)) : null, version: version(), others: others.count,
    problems: rows.filter((row) => PROBLEMS.includes(row.state)).length,
    storage: await storageState(), holds: rows.slice(0, HOLDS_AT_MOST).map(hold),
  };
  const answer = await ask('POST', '/sync/state', { json, headers: headersOf(owner, device) });
  if (answer.status >= 300 && answer.status !== 401) return;
  if (answer.status < 300) await welcome(owner, rows);
  await heed(answer.json?.order, device);
  if (answer.status < 300) await revive(owner, device, rows);
}

/**
 * How much waits here of people who signed out, and since when: the office has to know, nobody here may see what.
 * @param {string} owner who is signed in
 * @returns {Promise<{ count: number, oldest_ms: number | null }>}
 */
function othersUnsent(owner) {
  return read(['items'], async (tx) => {
    const index = tx.objectStore('items').index('state');
    // All but his own: in the index's order an owner's rows stand between [owner] and [owner, []].
    const rows = await Promise.all([
      index.getAll(IDBKeyRange.upperBound([owner])), index.getAll(IDBKeyRange.lowerBound([owner, []])),
    ]);
    const others = /** @type {Item[]} */ (rows.flat()).filter(({ state }) => UNSENT.some((one) => one === state));
    return { count: others.length, oldest_ms: others.length > 0 ? Math.min(...others.map((row) => row.made_ms)) : null };
  });
}

/** The office knows us: what was parked while it did not may go again. @param {string} owner @param {Item[]} rows */
async function welcome(owner, rows) {
  await ifRoom(setMeta('reported_ms', Date.now(), { relaxed: true }));
  const barred = rows.filter((row) => row.state === 'needs-attention' && row.error === 'forbidden').map((row) => row.id);
  if (barred.length > 0) await retry(owner, barred);
}

/**
 * What the office had thrown away it may have taken back: then it waits for this phone again.
 * @param {string} owner @param {string} device @param {Item[]} rows
 */
async function revive(owner, device, rows) {
  const buried = rows.filter((row) => row.state === 'needs-attention' && BURIED.includes(row.error ?? '')).map((row) => row.id);
  if (buried.length === 0) return;
  const { known } = await have(owner, device, buried);
  const back = buried.filter((id) => WANTED.includes(known.get(id)?.state ?? ''));
  if (back.length > 0) await retry(owner, back);
}

/** @param {Item} row */
function hold({ id, kind, captured_at, body, state, error }) {
  const name = String(body.caption || body.text || body.title || body.job_hint || '').slice(0, NAME_AT_MOST);
  return { id, kind, captured_at, name, state, error };
}

/** A broken clock must not keep the office from hearing of us. @param {number} ms */
function moment(ms) {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** Static addresses carry the version. */
function version() {
  return /\/static\/v-([0-9A-Za-z]+)\//.exec(import.meta.url)?.[1] ?? '';
}
