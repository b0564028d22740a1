// @ts-check
import { knownJobs } from '../readmodel.js';
import { jobRow } from '../rows.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

/** @typedef {import('../readmodel.js').Job} Job */
/** @typedef {{ title: string, content: import('../../lib/dom.js').Child[], go?: string, back?: string }} Page go: this address shows another page; back: one step up */

/** @param {string} text */
export function heading(text) {
  return h('h1', {}, text);
}

/** @param {string} title @param {...Node} content */
export function section(title, ...content) {
  return h('section', { class: 'section' }, h('h2', {}, title), ...content);
}

/** @param {Job[]} list */
export function jobRows(list) {
  if (list.length === 0) return h('p', { class: 'empty' }, t('Noch keine Aufträge auf diesem Handy. Mit Netz einmal „Aufträge“ öffnen.'));
  return h('div', { class: 'job-rows' }, ...list.map((one) => jobRow(one)));
}

/** The ways that need no network. */
export function ways() {
  return h('div', { class: 'actions' }, h('a', { class: 'btn primary', href: '/capture' }, icon('camera'), t('Foto')), h('a', { class: 'btn', href: '/jobs' }, icon('jobs'), t('Aufträge')));
}

/** An element of ours by name. @param {string} name @param {Record<string, string>} [attributes] */
export function island(name, attributes = {}) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** A form that is kept on the phone first. @param {string} kind @param {string} action @param {...Node} content */
export function keptForm(kind, action, ...content) {
  const wrapper = island('offline-form', { kind });
  wrapper.append(h('form', { class: 'form', method: 'post', action }, ...content));
  return wrapper;
}

/** @param {string} name @param {string} label @param {boolean} required @param {number} [most] characters the server takes */
export function wordField(name, label, required, most = 200) {
  return h('div', { class: 'field' }, h('label', { for: name }, label), h('input', { class: 'input', id: name, name, required, maxlength: most, autocomplete: 'off' }));
}

/** @param {string} name @param {string} label @param {{ required?: boolean, words?: string, most?: number }} [options] most: characters the server takes */
export function textField(name, label, { required = true, words = '', most = 2000 } = {}) {
  return h('div', { class: 'field' }, h('label', { for: name }, label), h('textarea', { class: 'input', id: name, name, required, maxlength: most, rows: 4 }, words));
}

/** The job a form is about: the one of the address, or one to choose. @param {string} id */
export async function aboutJob(id) {
  const all = await knownJobs();
  const one = all.find((candidate) => candidate.id === id);
  if (one) return { one, field: h('input', { type: 'hidden', name: 'job', value: id }), title: one.title };
  const choices = all.map((job) => h('option', { value: job.id }, [job.number, job.title].filter(Boolean).join(' · ')));
  const field = h('div', { class: 'field' }, h('label', { for: 'job' }, t('Auftrag')),
    h('select', { class: 'input', id: 'job', name: 'job' }, h('option', { value: '' }, t('Ohne Auftrag')), ...choices));
  return { one, field, title: '' };
}

/** @param {string} title @param {{ title: string, one?: Job }} about @param {...Node} content @returns {Page} */
export function formPage(title, { title: sub, one }, ...content) {
  return { title, back: one ? `/jobs/${one.id}` : '/', content: [h('div', {}, sub && h('p', { class: 'sub' }, sub), heading(title)), ...content] };
}
