// @ts-check
/**
 * Keeps the screen on while something a person asked for goes on (iOS 18.4+); where that is refused, it goes on anyway.
 * @template T @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function awake(work) {
  const held = /** @type {any} */ (globalThis.navigator)?.wakeLock?.request('screen').catch(() => null) ?? null;
  try {
    return await work();
  } finally {
    (await held)?.release().catch(() => {});
  }
}
