// @ts-check
import { canKeep, getMeta, ifRoom, setMeta } from './db.js';

const storage = /** @type {any} */ (globalThis.navigator?.storage);

const PATIENCE_MS = 2_000;

let asked = false;

/** Asks the browser once a page not to throw our data away; its answer stands in meta `persisted`. */
export async function askToPersist() {
  if (asked || !storage?.persist || (await getMeta('persisted'))) return;
  asked = true;
  await setMeta('persisted', await storage.persist());
}

/**
 * Whether this window forgets everything at its end, as far as a browser lets it show: private windows of Safari and
 * Firefox refuse the file system that every other window has; Chromium's cannot be told apart.
 * @returns {Promise<boolean>}
 */
export async function forgetsAtTheEnd() {
  if (!storage?.getDirectory) return false;
  const late = new Promise((resolve) => setTimeout(() => resolve(false), PATIENCE_MS));
  return Promise.race([storage.getDirectory().then(() => false, () => true), late]);
}

/**
 * How this browser keeps things. Shown and reported, never a reason to refuse: only a failed write counts.
 * @returns {Promise<{ persisted: boolean | null, usage: number | null, quota: number | null, installed: boolean, works: boolean }>}
 */
export async function storageState() {
  const [persisted, estimate, works] = await Promise.all([
    storage?.persisted?.() ?? null, storage?.estimate?.().catch(() => null) ?? null, canKeep(),
  ]);
  return { persisted, usage: estimate?.usage ?? null, quota: estimate?.quota ?? null, installed: await isInstalled(), works };
}

/** Whether Zollstock was started from the home screen; the worker only knows what a page last saw. */
async function isInstalled() {
  const page = /** @type {any} */ (globalThis);
  if (!page.matchMedia) return (await getMeta('installed')) ?? false;
  const installed = page.matchMedia('(display-mode: standalone)').matches || page.navigator.standalone === true;
  if ((await getMeta('installed')) !== installed) await ifRoom(setMeta('installed', installed));
  return installed;
}
