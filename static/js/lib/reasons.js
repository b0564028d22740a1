// @ts-check
import { t } from './text.js';

/** @typedef {import('../offline/db.js').Item} Item */

/** What a person reads about a failure and what helps; unknown codes name themselves. @type {Record<string, [string, string]>} */
const REASONS = {
  login: ['Die Anmeldung ist abgelaufen.', 'Anmelden, dann geht es von selbst weiter.'],
  forbidden: ['Das Büro hat den Zugang gesperrt.', 'Im Büro melden. Bis dahin Kopien sichern.'],
  conflict: ['Im Büro liegt unter derselben Nummer etwas anderes.', 'Kopie sichern und im Büro melden.'],
  tombstone: ['Im Büro gelöscht, bevor es ankam.', 'Kopie sichern oder entfernen.'],
  receipt: ['Die Quittung vom Büro passt nicht zu diesem Foto.', 'Nochmal senden. Das Foto bleibt hier.'],
  hash: ['Das Foto kam zweimal beschädigt an.', 'In besserem Netz nochmal senden.'],
  'bytes-changed': ['Der Speicher dieses Handys hat das Foto verändert.', 'Kopie sichern und ansehen, dann neu aufnehmen.'],
  'lost-bytes': ['Der Browser hat das Foto verloren.', 'Neu aufnehmen. Der Eintrag bleibt zur Erinnerung.'],
  'too-large': ['Das Foto ist für den Server zu groß.', 'Kopie sichern und im Büro melden.'],
  server: ['Der Server hat gerade ein Problem.', 'Es wird von selbst nochmal versucht.'],
  offset: ['Der Server zählt anders als das Handy.', 'Es wird von selbst nochmal versucht.'],
};

/** What stands in the way of everything. @type {Record<string, string>} */
const PAUSES = {
  network: 'Kein Netz. Alles bleibt auf dem Handy und geht später von selbst.',
  portal: 'Das WLAN verlangt erst eine Anmeldung. Alles bleibt auf dem Handy.',
  login: 'Die Anmeldung ist abgelaufen. Alles bleibt auf dem Handy.',
  forbidden: 'Das Büro hat den Zugang gesperrt. Alles bleibt auf dem Handy.',
  update: 'Zollstock ist veraltet. Seite neu laden, dann geht es weiter.',
  'other-user': 'Jemand anderes ist angemeldet. Alles bleibt auf dem Handy.',
  busy: 'Der Server hat viel zu tun. Es wird von selbst nochmal versucht.',
};

/** @param {Item} item @returns {[string, string] | null} reason and next step */
export function reasonOf(item) {
  if (!item.error) return null;
  const [reason, step] = REASONS[item.error] ?? ['Das Büro nimmt es so nicht an ({code}).', 'Kopie sichern und im Büro melden.'];
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
  'lost-bytes': ['trouble', 'Foto fehlt'],
};

/** @param {Item} item @returns {[Mark, string]} */
export function stateWords(item) {
  const [mark, words] = STATES[item.state];
  if (item.state === 'queued' && item.announced && item.size > 0) return [mark, t('Vorschau ist im Büro')];
  return [mark, t(words)];
}

const KINDS = { photo: 'Foto', note: 'Notiz', question: 'Rückfrage', job: 'Neuer Auftrag', call: 'Telefonnotiz', video: 'Video', voice: 'Sprachnotiz', filing: 'Zuordnung' };

/** @param {Item['kind']} kind */
export function kindWord(kind) {
  return t(KINDS[kind]);
}

/** @type {Record<string, string>} */
const NOT_KEPT = {
  empty: 'Das Foto ist leer (0 Byte). Bitte noch einmal aufnehmen.',
  changed: 'Das Foto ließ sich nicht ganz lesen. Bitte noch einmal aufnehmen.',
  full: 'Der Speicher des Handys ist voll. Platz schaffen und dieses Foto noch einmal aufnehmen; die anderen sind gesichert.',
  storage: 'Der Browser hat das Foto nicht gespeichert. Bitte noch einmal aufnehmen.',
};

/** @param {string} code of NotKept */
export function notKeptWords(code) {
  return t(NOT_KEPT[code] ?? NOT_KEPT.storage);
}
