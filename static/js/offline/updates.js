// @ts-check
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';

const HOURLY_MS = 60 * 60 * 1000;
const AGAIN_MS = 5_000;
const WORKER = '/service-worker.js';

/**
 * Registers the worker and offers a waiting version, but never while somebody photographs, records or types.
 * @returns {Promise<ServiceWorkerRegistration | null>} null where the browser has none
 */
export async function keepUpdated() {
  const registration = await navigator.serviceWorker
    ?.register(WORKER, { updateViaCache: 'none' }).catch(() => null);
  if (!registration) {
    void warnOfTheCellar();
    return null;
  }
  registration.addEventListener('updatefound', () => watch(registration));
  // Found before this page listened, and not here yet.
  watch(registration);
  if (registration.waiting) void offer(registration.waiting);
  const look = () => void registration.update().catch(() => {});
  setInterval(look, HOURLY_MS);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look());
  return registration;
}

/**
 * Without a worker no page opens without a network (a private window, a forbidden store); what is open goes on.
 * A worker that only did not come this time is no reason for words.
 */
async function warnOfTheCellar() {
  if (document.body.dataset.role !== 'worker' || !isSecureContext) return;
  const there = await fetch(WORKER, { cache: 'no-store' }).then((answer) => answer.ok, () => false);
  if (!there || navigator.serviceWorker?.controller) return;
  document.querySelector('main')?.prepend(h('p', { class: 'banner warn', role: 'status' },
    t('Dieser Browser öffnet Zollstock ohne Netz nicht. Vor dem Keller „Foto“ öffnen und offen lassen, oder den Browser aktualisieren.')));
}

/** The release this page was made of is gone from the server and from this phone: what it lacks, only a new page has. */
export async function offerIfGone() {
  const gone = await fetch(import.meta.url, { cache: 'no-store' }).then(({ status }) => status === 410, () => false);
  if (gone) showBanner((words) => void loadAnew(words, () => location.reload()));
  return gone;
}

/** An element of this page did not come; where its release is still there, a new load may bring it (`whole.js`). */
export async function replaceMissed() {
  if (!(await offerIfGone()) && !(await inTheMiddle())) document.dispatchEvent(new Event('module:lacking'));
}

/** @param {ServiceWorkerRegistration} registration */
function watch(registration) {
  const worker = registration.installing;
  worker?.addEventListener('statechange', () => {
    if (worker.state === 'installed' && navigator.serviceWorker.controller) void offer(worker);
  });
}

/** Shows the banner once nobody is in the middle of something. @param {ServiceWorker} worker */
async function offer(worker) {
  await navigator.locks?.request('capture', () => {});
  while (await inTheMiddle()) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  if (worker.state === 'installed') showBanner((words) => void loadAnew(words, () => takeOver(worker)));
}

/** @param {(words: HTMLElement) => void} act */
function showBanner(act) {
  if (document.querySelector('.update-banner')) return;
  const words = h('span', {}, t('Eine neue Version ist da.'));
  const go = h('button', { type: 'button', class: 'btn small', click: () => act(words) }, t('Neu laden'));
  document.querySelector('main')?.prepend(h('p', { class: 'banner update-banner', role: 'status' }, words, go));
}

/** @param {HTMLElement} words @param {() => void} load */
async function loadAnew(words, load) {
  if (await inTheMiddle()) {
    words.textContent = t('Erst fertig machen: Hier oder in einem anderen Fenster wird noch fotografiert, aufgenommen oder geschrieben.');
    return;
  }
  load();
}

/** @param {ServiceWorker} worker */
function takeOver(worker) {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  worker.postMessage({ type: 'skip-waiting' });
}

/** Whether any window holds the camera or the microphone, or a form here is half filled. */
async function inTheMiddle() {
  const { held = [], pending = [] } = (await navigator.locks?.query()) ?? {};
  return [...held, ...pending].some(({ name, mode }) => name === 'capture' && mode === 'shared') || [...document.forms].some(halfFilled);
}

/** @param {HTMLFormElement} form */
function halfFilled(form) {
  return form.method === 'post' && [...form.elements].some(changed);
}

/** @param {Element} field */
function changed(field) {
  if (field instanceof HTMLSelectElement) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
  if (!(field instanceof HTMLInputElement) || field.type === 'hidden') return false;
  return ['checkbox', 'radio'].includes(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
}
