// @ts-check
import { heading } from './parts.js';
import { knownJobs } from '../readmodel.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

/** @typedef {import('./parts.js').Page} Page */
/** @typedef {import('../readmodel.js').Job} Job */
/** @typedef {import('../readmodel.js').Question} Question */

/** What customers are asked and what they answered, newest first. @returns {Promise<Page>} */
export async function questions() {
  const all = (await knownJobs()).flatMap((job) => job.questions.map((one) => ({ one, job })));
  all.sort((a, b) => (a.one.id < b.one.id ? 1 : -1));
  const fresh = h('a', { class: 'btn primary', href: '/questions/new' }, icon('plus'), t('Rückfrage stellen'));
  const list = all.length > 0 ? h('div', { class: 'stack' }, ...all.map(({ one, job }) => card(one, job))) : h('p', { class: 'empty' }, t('Noch keine Rückfragen auf diesem Handy.'));
  return { title: t('Rückfragen'), content: [h('div', { class: 'page-head' }, heading(t('Rückfragen')), fresh), list] };
}

/** One question with its state, its choices and its answer. @param {Question} one @param {Job} [job] named where it is not clear */
export function card(one, job) {
  return h('article', { class: 'ask', id: `question-${one.id}` },
    h('p', { class: 'entry-head' }, h('span', { class: 'tag cust' }, stateOf(one.state))),
    h('p', { class: 'ask-text' }, one.text),
    one.choices.length > 0 && h('ul', { class: 'choices' }, ...one.choices.map((choice) => h('li', { class: picked(one, choice) }, String(choice)))),
    one.answer && h('div', { class: 'bubbles' }, h('p', { class: 'bubble' }, answerText(one.answer))),
    job && h('a', { class: 'btn', href: `/jobs/${job.id}` }, job.title, icon('forward')));
}

/** @param {Question} one @param {unknown} choice */
function picked(one, choice) {
  return one.answer && answerText(one.answer) === String(choice) ? 'choice picked' : 'choice';
}

/** The words of templates/questions/_words.html; a state from a newer server stays unnamed. @param {string} state */
function stateOf(state) {
  const words = {
    waiting_release: t('wartet auf Freigabe'), queued: t('freigegeben'), sent: t('übergeben'), delivered: t('zugestellt'), read: t('gelesen'),
    answered: t('beantwortet'), handed_off: t('von Hand übergeben'), blocked: t('angehalten'), failed: t('nicht angekommen'),
    unclear: t('unklar, ob angekommen'), withdrawn: t('zurückgezogen'), draft: t('Entwurf'),
  };
  return words[/** @type {'draft'} */ (state)] ?? t('Rückfrage');
}

/** @param {any} answer text, or an object that carries it */
function answerText(answer) {
  return typeof answer === 'string' ? answer : String(answer.text ?? answer.choice ?? '');
}
