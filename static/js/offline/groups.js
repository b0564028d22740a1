// @ts-check
import { metresBetween } from './nearness.js';

/** @typedef {import('./nearness.js').Point} Point */
/** @typedef {{ at: number, position?: Point | null }} Taken at: ms since 1970 */

/** Half an hour without a photo is a drive or a break; a few houses further is another site. */
const GAP_MS = 30 * 60_000;
const JUMP_M = 200;

/**
 * What was probably taken at one site: photos in order of time, cut where the pause is longer than half an hour or
 * the place jumps. A photo without a position never cuts.
 * @template {Taken} T
 * @param {T[]} photos @returns {T[][]} oldest group first, oldest photo first
 */
export function groupsOf(photos) {
  const sorted = [...photos].sort((a, b) => a.at - b.at);
  /** @type {T[][]} */
  const groups = [];
  /** @type {Point | null} */
  let place = null;
  for (const photo of sorted) {
    const group = groups.at(-1);
    if (group && !cut(/** @type {T} */ (group.at(-1)), photo, place)) group.push(photo);
    else {
      groups.push([photo]);
      place = null;
    }
    place = photo.position ?? place;
  }
  return groups;
}

/** @param {Taken} before @param {Taken} photo @param {Point | null} place last known of the group */
function cut(before, photo, place) {
  const jumped = place && photo.position ? metresBetween(place, photo.position) > JUMP_M : false;
  return jumped || photo.at - before.at > GAP_MS;
}

/** Where a group was taken: its first known position. @param {Taken[]} group @returns {Point | null} */
export function placeOf(group) {
  return group.find((photo) => photo.position)?.position ?? null;
}
