// @ts-check
/**
 * Works through a list, some at a time. After the first failure nothing new is begun, what runs is awaited, and the
 * failure is thrown.
 * @template T
 * @param {T[]} list is emptied from its front; may grow meanwhile
 * @param {() => number} width how many at a time, asked anew before each
 * @param {(one: T) => Promise<unknown>} work
 */
export async function inLanes(list, width, work) {
  /** @type {Set<Promise<unknown>>} */
  const running = new Set();
  const begin = (/** @type {T} */ one) => {
    const lane = work(one).finally(() => running.delete(lane));
    lane.catch(() => {});
    running.add(lane);
  };
  try {
    while (list.length > 0 || running.size > 0) {
      while (list.length > 0 && running.size < width()) begin(/** @type {T} */ (list.shift()));
      await Promise.race(running);
    }
  } finally {
    await Promise.allSettled(running);
  }
}
