// @ts-check
import { ignoresSearch, SHELL } from './addresses.js';
import { adopt, currentSession, isLeaving } from './session.js';

/** @typedef {{ request: Request, waitUntil(work: Promise<unknown>): void }} FetchEvent */

const STATIC_VERSION = /\/static\/v-([0-9A-Za-z]+)\//;
const PAGE_AGE_MS = 3 * 24 * 60 * 60 * 1000;
const PAGE_BYTES = 1_000_000;
const THUMBS_AT_MOST = 500;
const THUMBS_DROPPED = 50;

/**
 * The key of the user this answer was made for, if the server lets it be kept: opted in, whole, ours, never a
 * redirect (a sign-in page must not be kept as a job).
 * @param {Response} response @param {string} type expected start of the content type
 */
function keyOf(response, type) {
  const { headers } = response;
  const fit = response.status === 200 && response.type === 'basic' && !response.redirected
    && headers.get('X-Offline') === 'ok' && headers.get('Content-Type')?.startsWith(type);
  return fit ? headers.get('X-Offline-User') : null;
}

/** Keeps a page with the time written into it, so that it can say how old it is. @param {Request} request @param {Response} response @param {boolean} fresh */
export async function keepPage(request, response, fresh) {
  const key = keyOf(response, 'text/html');
  if (!key || !(await admit(key, fresh))) return;
  const html = await response.text();
  if (html.length > PAGE_BYTES) return;
  const now = new Date().toISOString();
  const headers = new Headers(response.headers);
  headers.delete('Content-Encoding');
  headers.set('X-Stored-At', now);
  headers.set('X-Stored-Version', STATIC_VERSION.exec(html)?.[1] ?? '');
  const page = html.replace('<body', `<body data-stored-at="${now}"`);
  const name = `pages-${key}`;
  await (await caches.open(name)).put(request, new Response(page, { headers }));
  await dropIfGone(key, name);
}

/**
 * Whoever signed out while it was written has wiped before it lay there.
 * @param {string} key @param {string} name of the cache
 */
async function dropIfGone(key, name) {
  const session = await currentSession();
  if (session?.cacheKey !== key || session.locked || (await isLeaving())) await caches.delete(name);
}

/**
 * A page of somebody else means somebody else signed in: the last one's data goes first. Who signed out on this phone
 * stays out, whatever the server still thinks.
 * @param {string} key @param {boolean} fresh whether nobody came or went meanwhile
 * @returns {Promise<boolean>} whether pages of this key may be kept
 */
async function admit(key, fresh) {
  const session = await currentSession();
  if (session?.cacheKey === key) return !session.locked && !(await isLeaving());
  if (fresh) await adopt({ actor: null, cacheKey: key, role: '', position: false, locked: false });
  return fresh;
}

/** What was kept for this address and the one signed in. @param {Request} request @returns {Promise<Response | null>} */
export async function keptPage(request) {
  const session = await currentSession();
  if (!session || session.locked) return null;
  const cache = await caches.open(`pages-${session.cacheKey}`);
  const ignoreSearch = ignoresSearch(new URL(request.url).pathname);
  const page = await cache.match(request, { ignoreSearch });
  if (!page || !(await stillGood(page))) return null;
  return page;
}

/**
 * Not older than three days, and its own scripts are here: a worker that is still fetching them, or could not, has only
 * opened the cache.
 * @param {Response} page
 */
async function stillGood({ headers }) {
  const age = Date.now() - Date.parse(headers.get('X-Stored-At') ?? '');
  const cacheName = `static-${headers.get('X-Stored-Version')}`;
  return age < PAGE_AGE_MS && Boolean(await caches.match(SHELL, { cacheName }));
}

/** Thumbs never change: what lies here is shown without asking. @param {FetchEvent} event */
export async function fromThumbs(event) {
  const session = await currentSession();
  if (!session || session.locked || (await isLeaving())) return fetch(event.request);
  const kept = await caches.match(event.request, { cacheName: `thumbs-${session.cacheKey}` });
  if (kept) return kept;
  const response = await fetch(event.request);
  if (keyOf(response, 'image/') === session.cacheKey) event.waitUntil(keepThumb(session.cacheKey, event.request, response.clone()));
  return response;
}

/** @param {string} key @param {Request} request @param {Response} response */
async function keepThumb(key, request, response) {
  const name = `thumbs-${key}`;
  const cache = await caches.open(name);
  const names = await cache.keys();
  if (names.length >= THUMBS_AT_MOST) await Promise.all(names.slice(0, THUMBS_DROPPED).map((one) => cache.delete(one)));
  await cache.put(request, response);
  await dropIfGone(key, name);
}
