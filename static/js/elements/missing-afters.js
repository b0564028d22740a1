// @ts-check
import { FromRows } from './from-rows.js';
import { h, picture } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { dayAndTime } from '../lib/time.js';
import { openBefores } from '../offline/befores.js';
import { thumbOf } from '../offline/outbox.js';
import { knownJobs } from '../offline/readmodel.js';
import { thumb } from '../offline/rows.js';

/** @typedef {import('../offline/befores.js').Before} Before */

/**
 * Photos from before that have no picture after, each a way to the camera with that photo laid over. Attribute `job`
 * narrows it to one job, and then hides it when nothing is open.
 */
export class MissingAfters extends FromRows {
  async redraw() {
    const job = this.getAttribute('job');
    const open = (await openBefores()).filter((before) => !job || before.job === job);
    const titles = new Map((await knownJobs()).map((one) => [one.id, one.title]));
    const rows = await Promise.all(open.map((before) => row(before, titles.get(before.job) ?? t('Ohne Auftrag'))));
    this.hidden = Boolean(job) && open.length === 0;
    if (open.length === 0) return this.replaceChildren(h('p', { class: 'empty' }, t('Zu jedem Vorher-Foto gibt es ein Nachher.')));
    this.replaceChildren(...(job ? [h('h2', {}, t('Vorher ohne Nachher'))] : []), h('div', { class: 'job-rows' }, ...rows));
  }
}

/** @param {Before} before @param {string} title */
async function row(before, title) {
  const when = t('Vorher von {time}', { time: dayAndTime(before.captured_at) });
  const small = before.thumb ? thumb(before.thumb, '') : picture(await thumbOf(before.id), '');
  return h('a', { class: 'job-row', href: `/capture?ghost=${before.id}${before.job && `&job=${before.job}`}`, 'data-before': before.id },
    h('span', { class: 'job-row-photo' }, small),
    h('span', { class: 'job-row-body' },
      h('span', { class: 'job-row-head' }, h('span', { class: 'job-row-number' }, when)),
      h('span', { class: 'job-row-name' }, title),
      h('span', { class: 'job-row-place' }, before.caption || t('Nachher aufnehmen'))));
}

customElements.define('missing-afters', MissingAfters);
