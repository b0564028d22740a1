// @ts-check
/** Nothing older than this is unsent without an alarm (mission-features §2, wish 1). */
const ALARM_MS = 4 * 60 * 60 * 1000;

/**
 * Whether something has waited too long.
 * @param {number | null} oldest_ms when the oldest unsent thing was made @param {number} [now] ms
 */
export function isLate(oldest_ms, now = Date.now()) {
  return oldest_ms !== null && now - oldest_ms >= ALARM_MS;
}
