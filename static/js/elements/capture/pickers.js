// @ts-check
import { h, icon } from '../../lib/dom.js';
import { newId } from '../../lib/ids.js';
import { makeThumb } from '../../lib/image.js';
import { t } from '../../lib/text.js';
import { age, localIso } from '../../lib/time.js';
import { changeMeta, getMeta, setMeta } from '../../offline/db.js';

/** @typedef {(source: () => Promise<import('../../lib/camera.js').Photo>, taken: string | null) => Promise<unknown>} Keep one photo of a choice; taken: when, null for just now */
/** @typedef {() => Keep} Chosen called when somebody has chosen: what is true then holds for all that was chosen */

/** This visit of this page: its own mark tells nothing about the last time. */
const VISIT = newId();

/** The phone's own camera, for one photo; it covers this page, which may not live to see it come back. @param {Chosen} chosen */
export function phoneCamera(chosen) {
  const input = picker({ capture: 'environment', id: 'capture-phone' }, chosen);
  input.addEventListener('click', () => void setMeta('capture-open', { at: Date.now(), visit: VISIT }));
  return labelled(t('Handykamera'), 'camera', input);
}

/** Several photos at once. @param {Chosen} chosen */
export function gallery(chosen) {
  return labelled(t('Galerie'), 'image', picker({ multiple: true }, chosen));
}

/** @param {string} words @param {string} drawing @param {HTMLInputElement} input */
function labelled(words, drawing, input) {
  return h('label', { class: 'capture-tool' }, icon(drawing), words, input);
}

/** @param {Record<string, string | boolean>} kind @param {Chosen} chosen */
function picker(kind, chosen) {
  const input = h('input', { type: 'file', accept: 'image/*', class: 'visually-hidden', ...kind });
  input.addEventListener('cancel', () => void setMeta('capture-open', undefined));
  input.addEventListener('change', () => void take(input, chosen()));
  return input;
}

/**
 * Photos from another app, one at a time; the mark goes once all of them are safe. What lay in the gallery was taken
 * when its file was written, as with what another app shares.
 * @param {HTMLInputElement} input @param {Keep} keep
 */
async function take(input, keep) {
  const files = [...(input.files ?? [])];
  input.value = '';
  if (input.multiple) await setMeta('capture-open', { at: Date.now(), visit: VISIT, chosen: true }).catch(console.warn);
  const taken = (/** @type {File} */ file) => (input.multiple ? localIso(new Date(file.lastModified || Date.now())) : null);
  for (const file of files) await keep(async () => ({ file, thumb: await makeThumb(file) }), taken(file));
  await setMeta('capture-open', undefined);
}

/** The phone may have thrown us out while its own camera was open (capacitor#8592). @returns {Promise<string | null>} */
export async function wordAboutLastTime() {
  const mark = await getMeta('capture-open');
  if (!mark || mark.visit === VISIT) return null;
  await changeMeta('capture-open', (now) => (now?.visit === mark.visit ? undefined : now));
  if (mark.chosen) return t('Die Seite wurde verlassen ({age}), bevor alle gewählten Fotos gesichert waren. Bitte die fehlenden noch einmal wählen.', { age: age(mark.at) });
  return t('Die Handykamera war offen ({age}), aber es kam kein Foto an. Falls eines gemacht wurde: bitte noch einmal aufnehmen.', { age: age(mark.at) });
}
