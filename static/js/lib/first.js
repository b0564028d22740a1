// @ts-check
/** What a page is opened for comes first; longer than this nothing else waits for it. */
const LONGEST_MS = 1_000;

/** @type {Set<Promise<unknown>>} */
const holding = new Set();

/** What this page is opened for is on its way. @param {Promise<unknown>} work */
export function first(work) {
  holding.add(work);
  const over = () => holding.delete(work);
  work.then(over, over);
}

/** Resolves when the page shows what it was opened for: counting and sending would only take turns from that. */
export async function afterFirst() {
  const late = new Promise((resolve) => setTimeout(() => resolve(true), LONGEST_MS));
  while (holding.size > 0) if (await Promise.race([late, Promise.allSettled([...holding])]) === true) return;
}
