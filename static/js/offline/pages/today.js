// @ts-check
import { heading, island, jobRows, section } from './parts.js';
import { usedJobs } from '../filings.js';
import { itemsOf } from '../outbox.js';
import { knownJobs, readModel } from '../readmodel.js';
import { activeSession } from '../session.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

/** @typedef {import('./parts.js').Page} Page */
/** @typedef {import('../readmodel.js').Job} Job */
/** @typedef {import('../readmodel.js').Model} Model */

const LAST_SHOWN = 3;

/** The same sections in the same order as templates/start/worker.html. @returns {Promise<Page>} */
export async function today() {
  const [model, all] = await Promise.all([readModel(), knownJobs()]);
  const last = await lastUsed(all);
  const own = all.filter((one) => one.mine && !last.includes(one));
  return { title: t('Heute'), content: [
    heading(model ? t('Hallo, {name}', { name: model.user.name.split(' ')[0] }) : t('Heute')),
    island('call-way'),
    ...retakes(model, all),
    island('today-hints'), island('near-jobs'),
    last.length > 0 && section(t('Zuletzt'), jobRows(last)),
    (own.length > 0 || last.length === 0) && section(t('Eigene Aufträge'), jobRows(own)),
    h('div', { class: 'actions' }, h('a', { class: 'btn', href: '/jobs' }, icon('search'), t('Alle Aufträge')), h('a', { class: 'btn', href: '/jobs/new' }, icon('plus'), t('Neuer Auftrag')))] };
}

/** @param {Job[]} all @returns {Promise<Job[]>} */
async function lastUsed(all) {
  const session = await activeSession();
  const used = session ? usedJobs(await itemsOf(session.actor)) : [];
  return used.flatMap(({ id }) => all.filter((job) => job.id === id)).slice(0, LAST_SHOWN);
}

/** What the office wants taken again. @param {Model | null} model @param {Job[]} all */
function retakes(model, all) {
  const titles = new Map(all.map((one) => [one.id, one.title]));
  return (model?.retakes ?? []).map((one) => h('div', { class: 'banner warn' },
    h('span', {}, t('Nochmal aufnehmen: {job}', { job: titles.get(one.job) ?? t('Ohne Auftrag') }), one.note && ` „${one.note}“`),
    h('a', { class: 'btn', href: one.job ? `/capture?job=${one.job}` : '/capture' }, icon('camera'), t('Foto'))));
}
