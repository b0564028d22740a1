// @ts-check
import { h, icon, picture } from '../lib/dom.js';
import { pieces } from '../lib/pieces.js';
import { kindWord } from '../lib/reasons.js';
import { t } from '../lib/text.js';
import { clockTime, dayAndTime } from '../lib/time.js';
import { thumbOf } from '../offline/outbox.js';
import { thumb } from '../offline/rows.js';

/** @typedef {import('../offline/unsorted.js').Loose} Loose */
/** @typedef {import('../offline/choices.js').Offer} Offer */
/** @typedef {{ file: (job: { id: string, title: string }) => void, choose: () => void }} Acts */

const SHOWN = 6;
/** A swipe shorter than this falls back: a glove brushes the screen. */
const FAR_PX = 96;
const ICONS = { photo: 'image', video: 'video', voice: 'mic' };

/**
 * One group with its pictures, its time and the jobs it may belong to. To the right: the first of them; to the left:
 * choose another.
 * @param {Loose[]} group @param {Offer[]} offers @param {Acts} acts
 */
export async function groupCard(group, offers, acts) {
  const best = offers[0];
  const card = h('section', { class: 'card sorter-group', 'aria-label': spanOf(group) },
    h('div', { class: 'sorter-head' }, h('h2', {}, pieces(group)), h('p', { class: 'sub num' }, spanOf(group))),
    h('ul', { class: 'sorter-strip' }, ...(await Promise.all(group.slice(0, SHOWN).map((one, place) => tile(one, place, group.length))))),
    best && h('p', { class: 'sub sorter-hint', 'aria-hidden': 'true' }, t('Nach rechts wischen: {job}', { job: best.name })),
    h('div', { class: 'sorter-jobs' }, ...offers.map(({ job, name, why }, place) => h('button', { type: 'button', class: place === 0 ? 'btn primary sorter-job' : 'btn sorter-job', click: () => acts.file(job) },
      h('span', { class: 'sorter-title' }, name), why && h('span', { class: 'sorter-why' }, why))),
    h('button', { type: 'button', class: 'btn quiet', click: acts.choose }, icon('search'), t('Anderer Auftrag'))));
  swipes(card, { right: () => best && acts.file(best.job), left: acts.choose });
  return card;
}

/** `10:42–11:15`, with the day if it is not today. @param {Loose[]} group */
function spanOf(group) {
  const [from, to] = [group[0].at, group[group.length - 1].at];
  return clockTime(from) === clockTime(to) ? dayAndTime(from) : `${dayAndTime(from)}–${clockTime(to)}`;
}

/** @param {Loose} one @param {number} place @param {number} of */
async function tile(one, place, of) {
  const alt = `${kindWord(/** @type {'photo'} */ (one.kind))}, ${dayAndTime(one.at)}`;
  const bytes = await thumbOf(one.id);
  const face = bytes ? picture(bytes, alt) : one.thumb ? thumb(one.thumb, alt) : h('span', { class: 'photo-missing', role: 'img', 'aria-label': alt }, icon(ICONS[/** @type {'photo'} */ (one.kind)] ?? 'image'));
  const more = place === SHOWN - 1 && of > SHOWN && h('span', { class: 'sorter-more' }, `+${of - SHOWN}`);
  return h('li', { class: 'photo-card' }, face, more);
}

/** @param {HTMLElement} card @param {{ right: () => void, left: () => void }} acts */
function swipes(card, { right, left }) {
  let start = 0;
  const moved = (/** @type {PointerEvent} */ event) => event.clientX - start;
  const drop = () => {
    card.classList.remove('is-right', 'is-left');
    card.style.removeProperty('translate');
  };
  card.addEventListener('pointerdown', (event) => {
    start = event.clientX;
    if (!(/** @type {Element} */ (event.target).closest('button'))) card.setPointerCapture(event.pointerId);
  });
  card.addEventListener('pointermove', (event) => {
    if (!card.hasPointerCapture(event.pointerId)) return;
    card.style.translate = `${moved(event)}px 0`;
    card.classList.toggle('is-right', moved(event) > FAR_PX);
    card.classList.toggle('is-left', moved(event) < -FAR_PX);
  });
  card.addEventListener('pointerup', (event) => {
    const far = card.hasPointerCapture(event.pointerId) ? moved(event) : 0;
    drop();
    if (far > FAR_PX) right();
    if (far < -FAR_PX) left();
  });
  card.addEventListener('pointercancel', drop);
}
