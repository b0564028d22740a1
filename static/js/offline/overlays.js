// @ts-check
import { currentSession, isLeaving } from './session.js';

/** @param {string} id */
const address = (id) => `/photos/${id}/renditions/screen`;

/**
 * Keeps the screen size of a photo for the cellar, beside the thumbs and wiped with them.
 * @param {string} id @param {string} key the cache key of who is signed in
 * @returns {Promise<Response | null>} it, if it is here now
 */
export async function keepScreen(id, key) {
  if (await isLeaving()) return null;
  const cache = await caches.open(`thumbs-${key}`);
  const kept = await cache.match(address(id));
  if (kept) return kept;
  const fresh = await fetch(address(id), { priority: 'low' }).catch(() => null);
  if (!fresh?.ok) return null;
  // Only what was made for this very sign-in may outlive the page.
  if (fresh.headers.get('X-Offline-User') === key) await cache.put(address(id), fresh.clone()).catch(() => {});
  return fresh;
}

/** @param {string} id @returns {Promise<Blob | null>} */
export async function screenOf(id) {
  const session = await currentSession();
  const found = session && !session.locked ? await keepScreen(id, session.cacheKey) : null;
  return found ? found.blob() : null;
}
