// @ts-check
import { locale, t } from '../lib/text.js';

/** @typedef {{ lat: number, lon: number }} Point degrees, WGS 84 */

const EARTH_M = 6_371_000;
/** Further away than a day's drive to the site, nearness says nothing. */
const FAR_M = 50_000;

/** Great-circle distance by the haversine formula, in metres. @param {Point} a @param {Point} b */
export function metresBetween(a, b) {
  const half = (/** @type {number} */ degrees) => Math.sin(radians(degrees) / 2) ** 2;
  const along = half(b.lat - a.lat) + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * half(b.lon - a.lon);
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(along)));
}

/** @param {number} degrees */
function radians(degrees) {
  return (degrees * Math.PI) / 180;
}

/**
 * The jobs around a fix, nearest first; a job without a place is left out. Nothing leaves the phone for it.
 * @template {{ place?: Point | null }} T
 * @param {Point | null | undefined} fix @param {T[]} jobs @param {number} [within] metres
 * @returns {{ job: T, metres: number }[]}
 */
export function nearest(fix, jobs, within = FAR_M) {
  if (!fix) return [];
  return jobs.flatMap((job) => (job.place ? [{ job, metres: metresBetween(fix, job.place) }] : []))
    .filter(({ metres }) => metres <= within)
    .sort((a, b) => a.metres - b.metres);
}

/** A distance people read: `120 m`, `3,4 km`, `27 km`. @param {number} metres */
export function distance(metres) {
  if (metres < 50) return t('hier');
  if (metres < 950) return `${Math.round(metres / 10) * 10} m`;
  return `${(metres / 1000).toLocaleString(locale(), { maximumFractionDigits: metres < 9_950 ? 1 : 0 })} km`;
}
