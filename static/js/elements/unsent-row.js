// @ts-check
import { h, icon } from '../lib/dom.js';
import { kindWord, reasonOf, stateWords } from '../lib/reasons.js';
import { fileSize, t } from '../lib/text.js';
import { age, dayAndTime } from '../lib/time.js';
import { jobTitle } from '../offline/files.js';
import { isGhost } from '../offline/overview.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {{ jobs: Map<string, import('../offline/files.js').JobName>, held: Set<string>, chosen: Set<string> }} View */

const MINUTE_MS = 60_000;
const MARKS = { waiting: 'circle', sending: 'sending', office: 'check', trouble: 'warn' };
/** @type {Record<string, string>} */
const ICONS = { photo: 'image', note: 'note', question: 'question', job: 'jobs', call: 'phone-call', video: 'camera', voice: 'mic', filing: 'move', consent: 'check' };

/** What this phone knows of one item, bytes included: a row whose bytes are gone is a ghost whatever it says. @param {Item} item @param {View} view @returns {Item} */
export function seen(item, { held }) {
  return isGhost(item, held) && item.state !== 'sending' ? { ...item, state: 'lost-bytes', error: 'lost-bytes' } : item;
}

/** Changes when the row would look different. @param {Item} item @param {View} view */
export function faceOf(item, { jobs }) {
  const minutes = Math.floor((Date.now() - item.made_ms) / MINUTE_MS);
  const old = minutes < 60 ? minutes : 60 + Math.floor(minutes / 60);
  return [item.state, percent(item), item.error, item.announced, old, jobs.get(item.job ?? '')?.title].join('|');
}

/** @param {Item} item @param {View} view as seen() @returns {HTMLLIElement} */
export function drawRow(item, view) {
  const [where, words] = stateWords(item);
  const title = jobTitle(item, view.jobs.get(item.job ?? ''));
  const why = reasonOf(item);
  const when = dayAndTime(item.made_ms);
  const gone = item.state === 'lost-bytes';
  const row = h('li', { id: `unsent-${item.id}`, class: `unsent-row is-${item.state}` },
    h(gone ? 'span' : 'label', { class: 'unsent-thumb' },
      h('span', { class: 'unsent-picture' }, icon(ICONS[item.kind] ?? 'image')),
      h('span', { class: 'mark', 'data-state': where, 'aria-hidden': 'true' }, icon(MARKS[where])),
      !gone && box(item, view, `${kindWord(item.kind)}, ${title}, ${when}`)),
    h('div', { class: 'unsent-words' },
      h('button', { type: 'button', class: 'unsent-open', 'data-act': 'open', 'aria-haspopup': 'dialog' }, title),
      h('span', { class: 'sub num' }, [item.kind !== 'photo' && kindWord(item.kind), when, age(item.made_ms), item.size > 0 && fileSize(item.size)].filter(Boolean).join(' · ')),
      h('span', { class: 'unsent-state' }, words, item.state === 'sending' && item.size > 0 ? ` · ${percent(item)} %` : ''),
      why && h('span', { class: 'unsent-why' }, why[0], ' ', h('span', { class: 'unsent-step' }, why[1])),
      written(item)),
    acts(item));
  row.dataset.id = item.id;
  return row;
}

/** @param {Item} item @param {View} view @param {string} label */
function box(item, { chosen }, label) {
  const input = h('input', { type: 'checkbox', class: 'unsent-box', 'aria-label': t('Wählen: {what}', { what: label }) });
  input.checked = chosen.has(item.id);
  return input;
}

/** @param {Item} item */
function percent(item) {
  return item.size > 0 ? Math.floor((item.offset / item.size) * 100) : 0;
}

/** @param {Item} item */
function written(item) {
  const words = item.body.text ?? item.body.caption;
  return words ? h('span', { class: 'unsent-text' }, String(words)) : null;
}

/** What only trouble shows openly; the rest goes by itself, and by the sheet behind the title. @param {Item} item */
function acts(item) {
  if (item.state === 'needs-attention') return h('div', { class: 'unsent-acts' }, act('send', 'send', t('Senden')), act('save', 'download', t('Kopie sichern')), act('remove', 'trash', t('Entfernen')));
  return item.state === 'lost-bytes' ? h('div', { class: 'unsent-acts' }, act('remove', 'trash', t('Entfernen'))) : null;
}

/** @param {string} name @param {string} drawing @param {string} words */
export function act(name, drawing, words) {
  return h('button', { type: 'button', class: 'btn small', 'data-act': name }, icon(drawing), words);
}
