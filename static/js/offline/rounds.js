// @ts-check
import { BACKOFF_MAX_MS, step } from './fate.js';
import { have, headersOf } from './have.js';
import { spareOriginals, width } from './line.js';
import { change, idsIn, inStates, moveAll } from './outbox.js';
import { askedFor, sendPreview, worthPreview } from './preview.js';
import { bring, describe } from './send.js';
import { afterFirst } from '../lib/first.js';
import { Later, Pause } from '../lib/http.js';
import { inLanes } from '../lib/lanes.js';

/** @typedef {import('./item.js').Item} Item */
/** @typedef {import('./send.js').Known} Known */

/**
 * What one drain remembers.
 * @typedef {object} Round
 * @property {string} owner
 * @property {string} device
 * @property {boolean} forced no waiting time counts
 * @property {boolean} human somebody asked: originals go whatever the line costs
 * @property {Set<string>} chosen ids somebody asked for: as forced and human, for these only
 * @property {Set<string>} tried failed or done in this drain
 * @property {Set<string>} seen described in this drain, or at least tried
 * @property {Set<string>} asked ids of photos that questions wait for
 * @property {number} failures in a row
 * @property {boolean} moved something was brought forward
 * @property {boolean} stopped one lane hit a Pause: the others finish their slice and stop
 * @property {boolean} owed something unsent was seen
 * @property {Promise<void> | null} aside
 */

/** Jobs before what belongs to them, what a customer allows or forbids next, photos before what names them. @type {Item['kind'][][]} */
const KIND_ORDER = [['job'], ['consent'], ['photo', 'video', 'voice'], ['filing', 'note', 'call'], ['question']];
/** Descriptions at once, so that their ways there and back overlap; HTTP/1.1 has six lines to a host. */
const ABREAST = 6;

/** @param {string} owner @param {string} device @param {{ forced: boolean, human: boolean, chosen: string[] }} how @returns {Round} */
export function newRound(owner, device, { forced, human, chosen }) {
  return { owner, device, forced, human, chosen: new Set(chosen), tried: new Set(), seen: new Set(), asked: new Set(), failures: 0, moved: false, stopped: false, owed: false, aside: null };
}

/**
 * Goes round until nothing is left that may be sent now; what is added meanwhile is taken along.
 * @param {Round} round
 */
export async function rounds(round) {
  for (;;) {
    await afterFirst();
    const due = await dueRows(round);
    if (due.length === 0) return;
    round.owed ||= due.some((row) => row.state !== 'stored');
    const { known } = await have(round.owner, round.device, due.map((row) => row.id));
    await moveAll(round.owner, ['paused-login'], 'queued', { error: null });
    await describeAll(due, known, round);
    await previews(due, known, round);
    await originals(due, known, round);
  }
}

/** @param {Round} round */
async function dueRows({ owner, tried, forced, chosen }) {
  const rows = await inStates(owner, ['queued', 'paused-login', 'stored']);
  const now = Date.now();
  // Longer than we ever wait is a clock that stepped back.
  const waits = (/** @type {number} */ until) => until > now && until - now <= BACKOFF_MAX_MS;
  return rows.filter((row) => !tried.has(row.id) && (forced || chosen.has(row.id) || !waits(row.next_try)));
}

/**
 * Stage one: every description with its thumb. The office sees everything before the first original is complete.
 * @param {Item[]} rows @param {Map<string, Known>} known @param {Round} round
 */
async function describeAll(rows, known, round) {
  for (const row of rows) round.seen.add(row.id);
  for (const kinds of KIND_ORDER) {
    const group = rows.filter((row) => kinds.includes(row.kind));
    await inLanes(group, () => ABREAST, (row) => step(row, round, async () => {
      await whenReferred(row, round);
      if (await describe(row, known.get(row.id), headersOf(round.owner, round.device))) round.tried.add(row.id);
    }));
  }
}

/** Photos are filed once the office knows them. @param {Item} row @param {Round} round */
async function whenReferred(row, { owner }) {
  if (row.kind !== 'filing') return;
  const refs = /** @type {string[]} */ (row.body.refs ?? []);
  const waiting = await inStates(owner, ['saving', 'queued', 'paused-login']);
  if (waiting.some((other) => refs.includes(other.id) && !other.announced)) throw new Later('photos-first');
}

/**
 * Stage two: what a question shows, at the size of a screen.
 * @param {Item[]} rows @param {Map<string, Known>} known @param {Round} round
 */
async function previews(rows, known, round) {
  round.asked = await askedFor(round.owner);
  const wanted = worthPreview(rows, round.asked).filter((row) => !round.tried.has(row.id) && known.get(row.id)?.state !== 'stored');
  for (const row of wanted) await sendPreview(row, headersOf(round.owner, round.device));
}

/**
 * Stage three: the originals, oldest first; before the rest those somebody asked for, and those a question waits for.
 * @param {Item[]} rows @param {Map<string, Known>} known @param {Round} round
 */
async function originals(rows, known, round) {
  const spared = !round.human && (await spareOriginals());
  const all = rows.filter((row) => !round.tried.has(row.id) && row.size > 0);
  const left = spared ? all.filter((row) => round.chosen.has(row.id)) : all;
  if (spared) await spare(all.filter((row) => !round.chosen.has(row.id)), round);
  const rank = (/** @type {Item} */ row) => 2 * Number(round.chosen.has(row.id)) + Number(round.asked.has(row.id));
  const order = () => left.sort((a, b) => rank(b) - rank(a) || (a.id < b.id ? -1 : 1));
  order();
  await inLanes(left, width, async (row) => {
    if (round.stopped) throw new Pause('network');
    const afterSlice = () => between(round).then(order);
    await step(row, round, () => bring(row, known.get(row.id), { headers: headersOf(round.owner, round.device), afterSlice }));
    round.tried.add(row.id);
  });
}

/** @param {Item[]} rows @param {Round} round */
async function spare(rows, round) {
  for (const row of rows) {
    round.tried.add(row.id);
    if (row.error !== 'wifi' && row.state !== 'stored') await change(row.id, { error: 'wifi' });
  }
}

/**
 * Between two slices: what was made meanwhile is described at once, however long the file still takes.
 * @param {Round} round
 */
async function between(round) {
  round.moved = true;
  if (round.stopped) throw new Pause('network');
  round.aside ??= describeFresh(round).finally(() => {
    round.aside = null;
  });
  await round.aside;
}

/** @param {Round} round */
async function describeFresh(round) {
  const ids = (await idsIn(round.owner, 'queued')).filter((id) => !round.seen.has(id));
  if (ids.length === 0) return;
  const rows = (await inStates(round.owner, ['queued'])).filter((row) => ids.includes(row.id));
  await describeAll(rows, new Map(), round);
  if (rows.some((row) => row.kind === 'question')) await previews(await inStates(round.owner, ['queued', 'sending']), new Map(), round);
}
