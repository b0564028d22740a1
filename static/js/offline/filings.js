// @ts-check
/** @typedef {import('./db.js').Item} Item */

export const PICTURES = new Set(['photo', 'video', 'voice']);

/**
 * Photo id → job id, from what was sorted on this phone: it holds here at once, whatever has been sent of it.
 * @param {Item[]} items @returns {Map<string, string>}
 */
export function filedOn(items) {
  const filed = new Map();
  for (const item of items) {
    if (item.kind !== 'filing' || !item.job) continue;
    for (const ref of /** @type {string[]} */ (item.body.refs ?? [])) filed.set(ref, item.job);
  }
  return filed;
}

/** The job a thing belongs to on this phone. @param {Item} item @param {Map<string, string>} filed */
export function jobOf(item, filed) {
  return item.job ?? filed.get(item.id) ?? null;
}

/**
 * Jobs by their last use on this phone, newest first.
 * @param {Item[]} items oldest first @returns {{ id: string, at: number }[]}
 */
export function usedJobs(items) {
  const filed = filedOn(items);
  /** @type {Map<string, number>} */
  const used = new Map();
  for (const item of items) {
    const job = PICTURES.has(item.kind) ? jobOf(item, filed) : item.kind === 'job' ? item.id : item.job;
    if (job) used.set(job, Math.max(used.get(job) ?? 0, item.made_ms));
  }
  return [...used].map(([id, at]) => ({ id, at })).sort((a, b) => b.at - a.at);
}
