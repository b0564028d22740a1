// @ts-check
import { SIGN_IN } from './addresses.js';
import { consents } from './pages/consent.js';
import { job, jobs, newJob } from './pages/jobs.js';
import { heading, island, ways } from './pages/parts.js';
import { photo } from './pages/photo.js';
import { questions } from './pages/questions.js';
import { today } from './pages/today.js';
import { call, note, question } from './pages/words.js';
import { knownJobs } from './readmodel.js';
import { activeSession } from './session.js';
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** @typedef {import('./pages/parts.js').Page} Page */

/**
 * The page of an address, drawn from this phone alone.
 * @param {URL} url
 * @returns {Promise<Page>}
 */
export async function render(url) {
  if (url.pathname === '/share') return shared();
  if (!(await activeSession())) return signedOut();
  const [, first, second = ''] = url.pathname.split('/');
  const wanted = url.searchParams.get('job') ?? '';
  const draw = PAGES[second === 'new' ? `${first}/new` : second ? `${first}/` : first];
  return (await draw?.({ url, second, wanted })) ?? nothing();
}

/** @type {Record<string, (asked: { url: URL, second: string, wanted: string }) => Page | null | Promise<Page | null>>} */
const PAGES = {
  '': today,
  offline: today,
  jobs: ({ url }) => jobs(url.searchParams.get('q') ?? ''),
  search: ({ url }) => jobs(url.searchParams.get('q') ?? ''),
  'jobs/new': newJob,
  'jobs/': ({ second }) => job(second),
  capture: () => ({ title: t('Foto aufnehmen'), content: [island('photo-capture')] }),
  unsent: () => ({ title: t('Noch auf dem Handy'), content: [heading(t('Noch auf dem Handy')), island('unsent-list')] }),
  sort: () => ({ title: t('Feierabend'), content: [island('photo-sorter')] }),
  befores: () => ({ title: t('Vorher ohne Nachher'), content: [heading(t('Vorher ohne Nachher')), island('missing-afters')] }),
  questions,
  'photos/': ({ second }) => photo(second),
  'questions/new': ({ url, wanted }) => question(wanted, url.searchParams.getAll('photos')),
  'notes/new': ({ url, wanted }) => note(wanted, url.searchParams.get('text') ?? ''),
  'calls/new': ({ url }) => call(url.searchParams),
  'contacts/': ({ url }) => consents(url),
  'q/': ({ second }) => sticker(second),
};

/** A job sticker scanned without network: the crew's face is the camera. @param {string} token @returns {Promise<Page | null>} */
async function sticker(token) {
  const found = (await knownJobs()).find((one) => one.sticker === token);
  return found ? { title: found.title, content: [], go: `/capture?job=${found.id}` } : null;
}

/** @returns {Page} */
function signedOut() {
  const door = h('a', { class: 'btn primary', href: SIGN_IN }, t('Anmelden'));
  return { title: t('Abgemeldet'), content: [heading(t('Abgemeldet')), h('p', {}, t('Zum Anmelden wird Netz gebraucht. Was auf dem Handy wartet, bleibt für seinen Besitzer hier.')), door] };
}

/** Something was shared while nobody was signed in. @returns {Page} */
function shared() {
  return { title: t('Noch nicht gesichert'), content: [heading(t('Noch nicht gesichert')), h('p', {}, t('Erst anmelden, dann noch einmal teilen. Foto oder Text liegen unverändert in der anderen App.')), h('a', { class: 'btn primary', href: SIGN_IN }, t('Anmelden'))] };
}

/** @returns {Page} */
function nothing() {
  return { title: t('Offline'), content: [heading(t('Diese Seite braucht Netz')), h('p', {}, t('Fotografieren, Aufträge ansehen, Rückfragen und Notizen gehen auch ohne.')), ways()] };
}
