// @ts-check
import { REASONS, ROOMS, UNKNOWN } from './reason-words.js';
import { t } from './text.js';

/** @typedef {import('../offline/db.js').Item} Item */

/** What stands in the way of everything. @type {Record<string, string>} */
const PAUSES = {
  network: 'Kein Netz. Alles bleibt auf dem Handy und geht später von selbst.',
  portal: 'Das WLAN verlangt erst eine Anmeldung. Alles bleibt auf dem Handy; im WLAN anmelden oder es ausschalten.',
  login: 'Die Anmeldung ist abgelaufen. Alles bleibt auf dem Handy.',
  forbidden: 'Das Büro hat den Zugang gesperrt. Alles bleibt auf dem Handy; im Büro melden.',
  update: 'Zollstock ist veraltet. Seite neu laden, dann geht es weiter.',
  'user.disabled': 'Das Büro hat den Zugang gesperrt. Alles bleibt auf dem Handy; im Büro melden.',
  'other-user': 'Jemand anderes ist angemeldet. Alles bleibt auf dem Handy; abmelden und selbst anmelden.',
  wiped: 'Das Büro hat dieses Handy geleert.',
  busy: 'Der Server hat viel zu tun. Es wird von selbst nochmal versucht.',
};

/** @param {Item} item @returns {[string, string] | null} reason and next step */
export function reasonOf(item) {
  if (!item.error) return null;
  const [reason, step] = REASONS[item.error] ?? ROOMS[item.error.split('.')[0]] ?? UNKNOWN;
  return [t(reason, { code: item.error }), t(step)];
}

/** @param {string | undefined} reason */
export function pauseWords(reason) {
  return reason && reason in PAUSES ? t(PAUSES[reason]) : null;
}

/** Mark and words of each state. @typedef {'waiting' | 'sending' | 'office' | 'trouble'} Mark @type {Record<Item['state'], [Mark, string]>} */
const STATES = {
  saving: ['waiting', 'Wird gesichert'],
  queued: ['waiting', 'Auf dem Handy gesichert'],
  sending: ['sending', 'Wird gesendet'],
  stored: ['office', 'Im Büro'],
  linked: ['office', 'Im Büro'],
  purgeable: ['office', 'Im Büro'],
  'paused-login': ['waiting', 'Wartet auf die Anmeldung'],
  'needs-attention': ['trouble', 'Problem'],
  'lost-bytes': ['trouble', 'Aufnahme fehlt'],
};

/** @param {Item} item @returns {[Mark, string]} */
export function stateWords(item) {
  const [mark, words] = STATES[item.state];
  if (item.state === 'queued' && item.announced && item.size > 0) return [mark, t('Vorschau ist im Büro')];
  return [mark, t(words)];
}

/** @type {Record<string, string>} */
const KINDS = { photo: 'Foto', note: 'Notiz', question: 'Rückfrage', job: 'Neuer Auftrag', call: 'Telefonnotiz', video: 'Video', voice: 'Sprachnotiz', filing: 'Zuordnung', consent: 'Einwilligung' };

/** @param {Item['kind']} kind */
export function kindWord(kind) {
  return t(KINDS[kind] ?? 'Eintrag');
}

/** @type {Record<string, string>} */
const NOT_KEPT = {
  empty: 'Die Aufnahme ist leer. Bitte noch einmal aufnehmen.',
  changed: 'Die Aufnahme ließ sich nicht ganz lesen. Bitte noch einmal aufnehmen.',
  full: 'Der Speicher des Handys ist voll. Platz schaffen und noch einmal versuchen; alles andere ist gesichert.',
  storage: 'Der Browser hat es nicht gespeichert. Bitte noch einmal versuchen.',
};

/** @param {string} code of NotKept */
export function notKeptWords(code) {
  return t(NOT_KEPT[code] ?? NOT_KEPT.storage);
}
