// @ts-check
// Served instead of service-worker.js while ZOLLSTOCK_KILL_WORKER=1: takes a broken worker off every phone. It deletes
// what can be fetched again and nothing else: photos that are not sent yet lie in IndexedDB, which it never opens.
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));

worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener('activate', (event) => event.waitUntil(leave()));

/** No page is reloaded: somebody may be photographing. The next page comes from the server. */
async function leave() {
  await Promise.all((await caches.keys()).map((name) => caches.delete(name)));
  await worker.registration.unregister();
}
