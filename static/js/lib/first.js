// @ts-check
/**
 * What a page is opened for comes first, and the photo in hand before all: counting and sending step back between two
 * steps of theirs. Longer than this nothing waits.
 */
const LONGEST_MS = 3_000;

/** @type {Set<Promise<unknown>>} */
const holding = new Set();

/** What this page is opened for, or what the shutter brought, is on its way. @param {Promise<unknown>} work */
export function first(work) {
  holding.add(work);
  const over = () => holding.delete(work);
  work.then(over, over);
}

/** Resolves when nothing of that is on its way; in a worker at once. */
export async function afterFirst() {
  if (holding.size === 0) return;
  let timer = 0;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve('late'), LONGEST_MS);
  });
  let end;
  while (holding.size > 0 && end !== 'late') end = await Promise.race([late, Promise.allSettled([...holding])]);
  clearTimeout(timer);
}
