// @ts-check
const FRESH_MS = 5 * 60_000;
const PATIENCE_MS = 8_000;

/** Whether the phone may be asked where it is without a question popping up. @returns {Promise<boolean>} */
export async function positionGranted() {
  try {
    return (await navigator.permissions.query({ name: 'geolocation' })).state === 'granted';
  } catch {
    return false;
  }
}

/** Where the phone is, or null when it does not know or must not say. @returns {Promise<{ lat: number, lon: number } | null>} */
export function whereAmI() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve(null);
    const found = (/** @type {GeolocationPosition} */ { coords }) => resolve({ lat: coords.latitude, lon: coords.longitude });
    navigator.geolocation.getCurrentPosition(found, () => resolve(null), { maximumAge: FRESH_MS, timeout: PATIENCE_MS });
  });
}
