// @ts-check
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';

const HOURLY_MS = 60 * 60 * 1000;

/** Registers the worker and offers a waiting version, but never while somebody photographs. */
export async function keepUpdated() {
  if (!('serviceWorker' in navigator)) return;
  const registration = await navigator.serviceWorker
    .register('/service-worker.js', { type: 'module', updateViaCache: 'none' }).catch(() => null);
  if (!registration) return;
  registration.addEventListener('updatefound', () => watch(registration));
  if (registration.waiting) void offer(registration.waiting);
  const look = () => void registration.update().catch(() => {});
  setInterval(look, HOURLY_MS);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look());
}

/** @param {ServiceWorkerRegistration} registration */
function watch(registration) {
  const worker = registration.installing;
  worker?.addEventListener('statechange', () => {
    if (worker.state === 'installed' && navigator.serviceWorker.controller) void offer(worker);
  });
}

/** Waits until the camera is put down, then shows the banner. @param {ServiceWorker} worker */
async function offer(worker) {
  await navigator.locks?.request('capture', () => {});
  if (document.querySelector('.update-banner')) return;
  const go = h('button', { type: 'button', class: 'btn small', click: () => takeOver(worker) }, t('Neu laden'));
  document.querySelector('main')?.prepend(h('p', { class: 'banner update-banner', role: 'status' }, t('Eine neue Version ist da.'), go));
}

/** @param {ServiceWorker} worker */
function takeOver(worker) {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  worker.postMessage({ type: 'skip-waiting' });
}
