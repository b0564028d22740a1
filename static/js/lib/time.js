// @ts-check
import { locale, n, t } from './text.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Local wall clock with its offset: `2026-11-23T10:42:07.120+01:00`. The offset is part of the evidence.
 * @param {Date} [at]
 */
export function localIso(at = new Date()) {
  const offset = -at.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const wall = new Date(at.getTime() + offset * MINUTE_MS).toISOString().slice(0, -1);
  return `${wall}${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

/** @param {number} value */
const two = (value) => String(value).padStart(2, '0');

/** Clock time of an instant, `10:42`, the same in all our languages; by hand, since a list of hundreds feels a formatter. @param {string | number} at */
export function clockTime(at) {
  const when = new Date(at);
  return `${two(when.getHours())}:${two(when.getMinutes())}`;
}

/** Day of an instant in full, `23. November 2026`. @param {string | number} at */
export function fullDate(at) {
  return new Date(at).toLocaleDateString(locale(), { day: 'numeric', month: 'long', year: 'numeric' });
}

/** Day and month, `20.11.` or `20/11`. @param {string | number} at */
function shortDate(at) {
  const when = new Date(at);
  const [day, month] = [two(when.getDate()), two(when.getMonth() + 1)];
  return locale() === 'de-DE' ? `${day}.${month}.` : `${day}/${month}`;
}

/** When something happened, as short as it stays unmistakable: `10:42`, `gestern, 16:30`, `20.11., 16:30`.
 * @param {string | number} at @param {number} [now] */
export function dayAndTime(at, now = Date.now()) {
  const days = Math.round((midnight(now) - midnight(new Date(at).getTime())) / DAY_MS);
  if (days === 0) return clockTime(at);
  if (days === 1) return t('gestern, {time}', { time: clockTime(at) });
  return `${shortDate(at)}, ${clockTime(at)}`;
}

/** @param {number} at */
function midnight(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** Age in words, `seit 3 Tagen`. @param {string | number} at @param {number} [now] */
export function age(at, now = Date.now()) {
  const ms = Math.max(0, now - new Date(at).getTime());
  if (ms < MINUTE_MS) return t('gerade eben');
  if (ms < HOUR_MS) return n(Math.floor(ms / MINUTE_MS), 'seit {n} Minute', 'seit {n} Minuten');
  if (ms < DAY_MS) return n(Math.floor(ms / HOUR_MS), 'seit {n} Stunde', 'seit {n} Stunden');
  return n(Math.floor(ms / DAY_MS), 'seit {n} Tag', 'seit {n} Tagen');
}
