// @ts-check
import { rendersOffline, SHELL } from '/static/v-__VERSION__/js/offline/addresses.js';
import { recount } from '/static/v-__VERSION__/js/offline/badge.js';
import { answerPushes } from '/static/v-__VERSION__/js/offline/push.js';
import { fromThumbs, keepPage, keptPage } from '/static/v-__VERSION__/js/offline/kept.js';
import { localJobs } from '/static/v-__VERSION__/js/offline/readmodel.js';
import { currentSession, lock } from '/static/v-__VERSION__/js/offline/session.js';
import { keepShared } from '/static/v-__VERSION__/js/offline/shared.js';
import { drain } from '/static/v-__VERSION__/js/offline/upload.js';

/** @typedef {FetchEvent & { preloadResponse: Promise<Response | undefined> }} Asked */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));

const VERSION = '__VERSION__';
const STATIC = `static-${VERSION}`;
const FILES = `/static/v-${VERSION}/`;
const SHARE = '/share';

const NEVER = /^\/(sync|login|link|logout|sign-out|push|a|s|hooks|api|sandbox|offline|service-worker\.js)(\/|$)/;
const THUMB = /^\/photos\/[0-9a-f-]{36}\/renditions\/thumb$/;

const PATIENCE_MS = 3_000;

worker.addEventListener('install', (event) => event.waitUntil(Promise.all([precache(), passBy(event)])));
worker.addEventListener('activate', (event) => event.waitUntil(tidy()));
worker.addEventListener('fetch', (event) => {
  const answer = strategyOf(event.request);
  if (answer) event.respondWith(answer(/** @type {Asked} */ (event)));
});
worker.addEventListener('message', (event) => {
  if (event.data?.type === 'skip-waiting') void worker.skipWaiting();
});
worker.addEventListener('sync', (/** @type {any} */ event) => {
  if (event.tag === 'outbox') event.waitUntil(drain({ returned: true }).then(recount));
});

answerPushes(worker);

/** All or nothing: half a version must not count as one of those that windows and kept pages may name. */
async function precache() {
  const [pack, shell] = await Promise.all([`${FILES}offline.pack`, SHELL].map(brought));
  const files = unpacked(new Uint8Array(await pack.arrayBuffer()));
  // A server that became the next one between the two would leave a shell whose scripts are not here.
  if (!(await shell.clone().text()).includes(FILES)) throw new TypeError('the shell is of another version');
  // Only this script may have changed: then the worker before it lives on what lies here.
  const whole = await isWhole(STATIC);
  try {
    const cache = await caches.open(STATIC);
    await Promise.all(files.map(([address, file]) => cache.put(address, file)));
    await cache.put(SHELL, shell);
  } catch (error) {
    if (!whole) await caches.delete(STATIC);
    throw error;
  }
}

/**
 * Lets Chromium take this version's program out of the cache itself: it ends a worker it believes to be idle, after an
 * update above all, and whatever that one had in hand fails. What the cache lacks comes from the network, as in
 * `fromStatic`, which answers where there are no routes, and for the version before.
 * @param {ExtendableEvent & { addRoutes?: (rules: object[]) => Promise<void> }} event
 */
async function passBy(event) {
  const rules = ['js', 'css'].map((folder) => ({ condition: { urlPattern: `${FILES}${folder}/*` }, source: { cacheName: STATIC } }));
  try {
    await event.addRoutes?.(rules);
  } catch {
    // A form of it that this browser does not know.
  }
}

/** @param {string} address */
async function brought(address) {
  const answer = await fetch(address, { cache: 'reload' });
  if (!answer.ok) throw new TypeError(`${address}: ${answer.status}`);
  return answer;
}

/**
 * The files of a pack (`server/web/static.py:PACK`). Raises for half of one: a line that breaks is not always told.
 * @param {Uint8Array<ArrayBuffer>} bytes @returns {[address: string, file: Response][]}
 */
function unpacked(bytes) {
  let at = bytes.indexOf(10) + 1;
  /** @type {[path: string, type: string, size: number][]} */
  const index = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at)));
  const files = index.map(([path, type, size]) => {
    const file = new Response(bytes.subarray(at, at += size), { headers: { 'Content-Type': type } });
    return /** @type {[string, Response]} */ ([FILES + path, file]);
  });
  if (at !== bytes.length) throw new TypeError('half a pack');
  return files;
}

/** The shell is written last: where it lies, everything does. @param {string} name */
async function isWhole(name) {
  return Boolean(await caches.match(SHELL, { cacheName: name }));
}

/** Keeps this version and the whole one before it, which older windows and kept pages still name. */
async function tidy() {
  const versions = (await caches.keys()).filter((name) => name.startsWith('static-') && name !== STATIC);
  const whole = await Promise.all(versions.map(isWhole));
  const before = versions[whole.lastIndexOf(true)];
  for (const name of versions) if (name !== before) await caches.delete(name);
  await worker.registration.navigationPreload?.enable();
  await worker.clients.claim();
}

/** First match wins; whatever has no rule goes its way without us (offline-pwa.md §3.1). @param {Request} request */
function strategyOf(request) {
  const { origin, pathname } = new URL(request.url);
  if (request.method === 'POST' && origin === location.origin && pathname === SHARE) return fromOtherApp;
  if (request.method !== 'GET' || origin !== location.origin || NEVER.test(pathname)) return null;
  if (request.headers.has('Range') || request.headers.get('Accept')?.includes('text/event-stream')) return null;
  if (pathname.startsWith('/static/')) return fromStatic;
  if (request.mode === 'navigate') return navigation;
  return THUMB.test(pathname) ? fromThumbs : null;
}

/**
 * What another app shares is kept first and answered then (offline-pwa.md §1.1, Squoosh). What cannot even be read (a
 * clip larger than the memory) is said as well: it is still in the other app.
 * @param {Asked} event
 */
async function fromOtherApp(event) {
  const next = await keepShared(event.request).catch(() => '/sort?lost=1&why=storage');
  event.waitUntil(drain().then(recount).catch(() => {}));
  return Response.redirect(next, 303);
}

/** Static addresses carry their version, which names their cache; what lies there is right for ever. @param {Asked} event */
async function fromStatic({ request }) {
  const [, version] = /\/v-(\w+)\//.exec(request.url) ?? [];
  return (await caches.match(request, { cacheName: `static-${version}` })) ?? fetch(request);
}

/**
 * The network for three seconds, then what this phone keeps, then the shell that draws from the database.
 * @param {Asked} event
 */
async function navigation(event) {
  const { pathname } = new URL(event.request.url);
  const network = fromNetwork(event);
  const first = await Promise.race([network.catch(() => null), wait(PATIENCE_MS)]);
  if (first && first.status < 500 && !(first.status === 404 && (await madeHere(pathname)))) return first;
  const kept = await keptPage(event.request);
  if (kept) return kept;
  if (rendersOffline(pathname)) return shell();
  return network.catch(shell);
}

/** Whether the page is of a job made on this phone that the office does not have yet. @param {string} pathname */
async function madeHere(pathname) {
  return (await localJobs()).some(({ id }) => pathname === `/jobs/${id}`);
}

/** Firefox answers a preload without a network by an error instead of refusing it (GoogleChrome/workbox#3134). @param {Asked} event */
async function fromNetwork(event) {
  const before = currentSession();
  const response = (await event.preloadResponse) ?? (await fetch(event.request));
  if (response.type === 'error') throw new TypeError('no network');
  event.waitUntil(learn(event.request, response.clone(), before).catch(() => {}));
  return response;
}

/**
 * What an answer says about who is signed in, and the page itself, if it may be kept.
 * @param {Request} request @param {Response} response
 * @param {ReturnType<typeof currentSession>} before the session when the page was asked for
 */
async function learn(request, response, before) {
  const [then, now] = [await before, await currentSession()];
  // An answer that was long under way says nothing about who has signed in or out meanwhile.
  const fresh = then?.cacheKey === now?.cacheKey && then?.locked === now?.locked;
  if (response.status !== 401) await keepPage(request, response, fresh);
  else if (fresh) await lock();
}

/** @param {number} ms @returns {Promise<null>} */
function wait(ms) {
  return new Promise((resolve) => setTimeout(() => resolve(null), ms));
}

const shell = async () => (await caches.match(SHELL, { cacheName: STATIC })) ?? Response.error();
