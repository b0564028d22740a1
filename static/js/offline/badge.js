// @ts-check
/**
 * The number at the app's icon: what is still on this phone. Only installed apps have one.
 * @param {number} waiting
 */
export async function showBadge(waiting) {
  const { setAppBadge, clearAppBadge } = navigator;
  try {
    if (waiting > 0) await setAppBadge?.call(navigator, waiting);
    else await clearAppBadge?.call(navigator);
  } catch {
    // a bonus only: the state line says the same
  }
}
