// @ts-check
import { t } from '../../lib/text.js';
import { knownJobs } from '../../offline/readmodel.js';

const EVERY_MS = 250;
const PATIENCE_MS = 20_000;
const STICKER = /^\/q\/([\w-]+)$/;

/** Not all browsers read codes; libraries do not know it. @type {any} */
const Detector = /** @type {any} */ (globalThis).BarcodeDetector;

/** @typedef {{ id: string, title: string }} Choice */

/** What stands on a sticker: a job of this phone, one only the office knows, or somebody else's code. @typedef {{ job: Choice } | { unknown: string } | { foreign: true }} Found */

/** @returns {Promise<boolean>} */
export async function canScan() {
  return Boolean(Detector) && (await Detector.getSupportedFormats().catch(() => [])).includes('qr_code');
}

/**
 * Looks for a code in the picture until there is one.
 * @param {HTMLVideoElement} video @param {AbortSignal} signal ends it
 * @returns {Promise<string | null>} what it says; null when given up
 */
export async function scan(video, signal) {
  const detector = new Detector({ formats: ['qr_code'] });
  const until = Date.now() + PATIENCE_MS;
  while (!signal.aborted && Date.now() < until) {
    const [code] = await detector.detect(video).catch(() => []);
    if (code?.rawValue) return code.rawValue;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return null;
}

/** @param {string} value @returns {Promise<Found>} */
export async function readSticker(value) {
  const url = URL.canParse(value) ? new URL(value) : null;
  const token = url?.origin === location.origin ? STICKER.exec(url.pathname)?.[1] : null;
  if (!url || !token) return { foreign: true };
  const job = (await knownJobs()).find((one) => one.sticker === token);
  return job ? { job: { id: job.id, title: job.title } } : { unknown: url.pathname };
}

/** The sentence where this browser cannot read codes. */
export function useYourCamera() {
  return t('Dieser Browser liest keine Aufkleber. Mit der Kamera-App des Handys auf den Aufkleber halten: Der Link darauf öffnet den Auftrag hier.');
}
