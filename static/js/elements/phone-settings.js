// @ts-check
import { h, icon } from '../lib/dom.js';
import { wakeElements } from '../lib/elements.js';
import { fileSize, t } from '../lib/text.js';
import { tellsLine } from '../offline/line.js';
import { readPrefs, writePrefs } from '../offline/prefs.js';
import { sendSoon } from '../offline/triggers.js';

const KEEP = /** @type {const} */ ([[0, '0 Tage'], [7, '7 Tage'], [30, '30 Tage']]);

/** What this phone may do, and how safe its storage is. */
export class PhoneSettings {
  element = h('details', { class: 'card', id: 'settings', toggle: () => void this.#fill() }, h('summary', {}, h('h2', {}, t('Dieses Handy'))));
  #content = h('div', { class: 'form' });

  constructor() {
    this.element.append(this.#content);
    this.#openIfNamed();
    addEventListener('hashchange', () => this.#openIfNamed());
  }

  #openIfNamed() {
    if (location.hash === '#settings') this.element.open = true;
  }

  async #fill() {
    if (!this.element.open) return;
    const [prefs, persisted, room] = await Promise.all([readPrefs(), isPersisted(), estimate()]);
    this.#content.replaceChildren(wifi(prefs.wifi_only), keep(prefs.keep_days), this.#storage(persisted), document.createElement('push-toggle'), numbers(room));
    wakeElements();
    if (location.hash === '#settings') this.element.scrollIntoView();
  }

  /** @param {boolean | null} persisted */
  #storage(persisted) {
    const [tone, drawing, words] = storageWords(persisted);
    const ask = () => void navigator.storage.persist().then(() => this.#fill());
    return h('p', { class: `banner ${tone}` }, icon(drawing), h('span', {}, words),
      persisted === false && h('button', { type: 'button', class: 'btn small', click: ask }, t('Schützen')));
  }
}

/** @param {boolean} on */
function wifi(on) {
  const box = h('input', { type: 'checkbox', change: () => void writePrefs({ wifi_only: box.checked }).then(sendSoon) });
  box.checked = on;
  const about = tellsLine() ? t('Beschreibung und Vorschau gehen immer. „Jetzt senden“ schickt auch die Originale.')
    : t('Dieser Browser verrät nicht, ob das Handy im WLAN ist: Hier gehen auch die Originale immer.');
  return h('label', { class: 'check' }, box, h('span', {}, t('Originale nur im WLAN')), h('span', { class: 'field-hint' }, about));
}

/** @param {number} days */
function keep(days) {
  const choices = KEEP.map(([value, word]) => {
    const dot = h('input', { type: 'radio', name: 'keep', value, change: () => void writePrefs({ keep_days: value }) });
    dot.checked = value === days;
    return h('label', {}, dot, h('span', {}, t(word)));
  });
  return h('fieldset', { class: 'field' }, h('legend', {}, t('Gesendete Fotos behalten')), h('div', { class: 'segmented' }, ...choices),
    h('p', { class: 'field-hint' }, t('Was noch nicht im Büro ist, bleibt immer.')));
}

/** @param {boolean | null} persisted @returns {[string, string, string]} */
function storageWords(persisted) {
  if (persisted) return ['ok', 'lock', t('Speicher geschützt: ja. Der Browser räumt hier nicht auf.')];
  if (persisted === null) return ['warn', 'warn', t('Speicher geschützt: unbekannt. Dieser Browser sagt es nicht; bald senden.')];
  return ['warn', 'warn', t('Speicher geschützt: nein. Zollstock auf den Startbildschirm legen und Mitteilungen erlauben, dann „Schützen“.')];
}

/** Information only: what the browser says of free space is a guess (offline-pwa.md §2). @param {StorageEstimate} room */
function numbers({ usage = 0, quota = 0 }) {
  return h('dl', { class: 'facts' },
    h('dt', {}, t('Belegt')), h('dd', { class: 'num' }, fileSize(usage)),
    h('dt', {}, t('Frei, sagt der Browser')), h('dd', { class: 'num' }, quota > 0 ? fileSize(Math.max(0, quota - usage)) : t('unbekannt')),
    h('dt', {}, t('Version')), h('dd', {}, document.body.dataset.version ?? t('unbekannt')),
    h('dt', {}, t('Startbildschirm')), h('dd', {}, matchMedia('(display-mode: standalone)').matches ? t('ja') : h('a', { href: '/install' }, t('Nein. So geht es'))));
}

/** @returns {Promise<boolean | null>} null where the browser does not tell */
async function isPersisted() {
  return (await navigator.storage?.persisted?.()) ?? null;
}

/** @returns {Promise<StorageEstimate>} */
async function estimate() {
  return (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
}
