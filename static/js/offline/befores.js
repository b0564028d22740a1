// @ts-check
import { itemsOf } from './outbox.js';
import { readModel } from './readmodel.js';
import { activeSession } from './session.js';

/** @typedef {import('./readmodel.js').Before} Before */

/** Photos from before that have no picture after, as the office knows them, less what was taken on this phone since. @returns {Promise<Before[]>} */
export async function openBefores() {
  const session = await activeSession();
  if (!session) return [];
  const [model, items] = await Promise.all([readModel(), itemsOf(session.actor)]);
  const done = new Set(items.map((item) => item.body.pair_of).filter(Boolean));
  return (model?.befores ?? []).filter((before) => !done.has(before.id));
}
