// @ts-check
import { island, keptForm, section } from './parts.js';
import { address, knownJobs, modelTime, readModel } from '../readmodel.js';
import { takeBack } from '../../lib/consent-forms.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/text.js';

/** @typedef {import('./parts.js').Page} Page */
/** @typedef {import('../readmodel.js').Job} Job */
/** @typedef {NonNullable<import('../readmodel.js').Model['consents']>} Words */
/** @typedef {{ channel: string, purpose: string, text: string, number: string, partner: string }} Asked what is asked, in which words */

/**
 * The pages of a person's consents, from what this phone keeps: asking, and what was said here.
 * @param {URL} url @returns {Promise<Page | null>} null for a person this phone does not know
 */
export async function consents(url) {
  const [, , contact, , last] = url.pathname.split('/');
  const jobs = (await knownJobs()).filter((job) => job.contact?.id === contact);
  const model = await readModel();
  const job = jobs.find((one) => one.id === url.searchParams.get('job')) ?? jobs[0];
  if (!job || !model?.consents) return null;
  return last === 'new' ? ask(url, job, model) : said(job);
}

/** @param {URL} url @param {Job} job @param {import('../readmodel.js').Model} model @returns {Promise<Page>} */
async function ask(url, job, model) {
  const words = /** @type {Words} */ (model.consents);
  const asked = chosen(url.searchParams, job, words);
  const fetched = await modelTime();
  const shown = { at: model.at, ahead: Math.round(Date.parse(model.at) - (fetched ?? Date.now())) };
  const content = asked ? [form(asked, job, words.version, shown, model.user.name)] : [partnersOf(job, words)];
  return { title: t('Einwilligung'), back: `/jobs/${job.id}`, content: [heading(job, t('Einverstanden?')), ...content, section(t('Wofür'), tabs(job, words, url.searchParams))] };
}

/** @param {Job} job @param {string} words */
function heading({ contact }, words) {
  return h('div', {}, h('p', { class: 'sub' }, [contact?.name, contact?.phone].filter(Boolean).join(' · ')), h('h1', {}, words));
}

/** What the address asks for; null while nobody chose the firm. @param {URLSearchParams} given @param {Job} job @param {Words} words @returns {Asked | null} */
function chosen(given, job, words) {
  const purpose = given.get('purpose') ?? 'service';
  const channel = words.channels.find((one) => one.kind === (given.get('channel') ?? 'whatsapp')) ?? words.channels[0];
  if (purpose === 'reference') return { channel: 'any', purpose, text: words.reference, number: '', partner: '' };
  if (purpose === 'third_party') {
    const partner = words.partners.find((one) => one.id === given.get('partner'));
    return partner ? { channel: 'any', purpose, text: partner.sharing.replace('{site}', () => `„${address(job) || job.title}“`), number: '', partner: partner.id } : null;
  }
  const number = channel.kind === 'email' ? '' : job.contact?.phone ?? '';
  const text = (purpose === 'advertising' ? channel.advertising : channel.service).replace('{number}', () => number || channel.instead);
  return { channel: channel.kind, purpose, text, number, partner: '' };
}

/** One question a page, none ticked beforehand. @param {Job} job @param {Words} words @param {URLSearchParams} given */
function tabs(job, words, given) {
  const purpose = given.get('purpose') ?? 'service';
  const channel = given.get('channel') ?? 'whatsapp';
  const way = (/** @type {Record<string, string>} */ about, /** @type {string} */ name, /** @type {boolean} */ here) => h('a', {
    href: `/contacts/${job.contact?.id}/consents/new?${new URLSearchParams({ ...about, job: job.id })}`, 'aria-current': here && 'page' }, name);
  return h('nav', { class: 'tabs wrap', 'aria-label': t('Wofür') },
    ...words.channels.map((one) => way({ channel: one.kind }, one.name, purpose === 'service' && channel === one.kind)),
    ...(words.partners.length > 0 ? [way({ purpose: 'third_party' }, t('Weitergabe'), purpose === 'third_party')] : []),
    way({ purpose: 'reference' }, t('Referenz'), purpose === 'reference'),
    way({ purpose: 'advertising', channel }, t('Werbung'), purpose === 'advertising'));
}

/** @param {Job} job @param {Words} words */
function partnersOf(job, words) {
  const ways = words.partners.map((one) => h('a', { class: 'btn big full', href: `/contacts/${job.contact?.id}/consents/new?${new URLSearchParams({ purpose: 'third_party', partner: one.id, job: job.id })}` }, one.name));
  return section(t('An welche Firma?'), h('div', { class: 'stack tight' }, ...ways));
}

/** @param {Asked} asked @param {Job} job @param {string} version @param {{ at: string, ahead: number }} shown @param {string} listener */
function form(asked, job, version, shown, listener) {
  const hidden = (/** @type {Record<string, string | number>} */ fields) => Object.entries(fields).map(([name, value]) => h('input', { type: 'hidden', name, value }));
  const contact = job.contact?.id ?? '';
  const glass = island('sign-glass', { class: 'sign-glass', hidden: '' });
  glass.append(
    h('h2', { id: 'sign-words' }, t('Oder hier unterschreiben')),
    h('canvas', { class: 'sign-pad', role: 'img', 'aria-labelledby': 'sign-words' }), h('input', { type: 'hidden', name: 'signature', value: '' }),
    h('div', { class: 'actions' },
      h('button', { class: 'btn', name: 'proof', value: 'signature', disabled: true }, icon('edit'), t('Mit Unterschrift festhalten')),
      h('button', { class: 'btn quiet', type: 'button', 'data-clear': true, disabled: true }, t('Neu anfangen'))));
  const kept = keptForm('consent', `/contacts/${contact}/consents`,
    ...hidden({ contact, job: job.id, channel: asked.channel, purpose: asked.purpose, partner: asked.partner, number: asked.number, wording: asked.text, version, shown_at: shown.at, shown_ahead_ms: shown.ahead }),
    h('blockquote', { class: 'consent-words', lang: 'de' }, asked.text),
    h('div', { class: 'consent-yes' }, h('button', { class: 'btn primary big full', name: 'proof', value: 'spoken' }, icon('check'), t('Ja, einverstanden'))),
    glass,
    h('details', { class: 'consent-how' }, h('summary', {}, t('Wem gesagt und wo')), h('input', { class: 'input', name: 'how', required: true, maxlength: 500, value: t('gesagt zu {name}', { name: listener }), 'aria-label': t('Wem gesagt und wo') })));
  kept.setAttribute('next', `/contacts/${contact}/consents?job=${job.id}`);
  return kept;
}

/** What was said on this phone; the ledger itself is the office's. @param {Job} job @returns {Page} */
function said(job) {
  const contact = job.contact?.id ?? '';
  const again = h('a', { class: 'btn primary', href: `/contacts/${contact}/consents/new?job=${job.id}` }, icon('check'), t('Einwilligung festhalten'));
  return { title: t('Einwilligungen'), back: `/jobs/${job.id}`, content: [
    heading(job, t('Einwilligungen')),
    h('p', { class: 'banner' }, icon('clock'), h('span', {}, t('Ohne Netz steht hier nur, was auf diesem Handy gesagt wurde. Es gilt, sobald das Büro es hat.'))),
    island('kept-consents', { contact, job: job.id, all: '', class: 'stack' }),
    h('div', { class: 'actions' }, again),
    section(t('Kunde möchte nicht mehr'), takeBack(contact, job.id, t('Alles widerrufen'), {}),
      h('p', { class: 'sub' }, t('Nimmt jede Einwilligung zurück. Was noch nicht hinaus ist, hält das Büro an, sobald es davon hört.')))] };
}
