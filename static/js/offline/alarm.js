// @ts-check
/** Nothing older than this is unsent without an alarm (mission-features §2, wish 1). */
const ALARM_MS = 4 * 60 * 60 * 1000;

/**
 * When the oldest unsent thing was made. What a clock that was ahead wrote down says nothing: the next one does.
 * @param {{ made_ms: number }[]} rows oldest first @param {number} [now] ms
 * @returns {number | null}
 */
export function oldestMade(rows, now = Date.now()) {
  return (rows.find(({ made_ms }) => made_ms <= now) ?? rows[0])?.made_ms ?? null;
}

/**
 * Whether something has waited too long.
 * @param {number | null} oldest_ms when the oldest unsent thing was made @param {number} [now] ms
 */
export function isLate(oldest_ms, now = Date.now()) {
  return oldest_ms !== null && now - oldest_ms >= ALARM_MS;
}
