// @ts-check
import { h, icon } from '../../lib/dom.js';
import { makeThumb } from '../../lib/image.js';
import { t } from '../../lib/text.js';
import { age } from '../../lib/time.js';
import { getMeta, setMeta } from '../../offline/db.js';

/** @typedef {(source: () => Promise<import('../../lib/camera.js').Photo>) => Promise<unknown>} Keep */

/** The phone's own camera, for one photo; it covers this page, which may not live to see it come back. @param {Keep} keep */
export function phoneCamera(keep) {
  const input = picker({ capture: 'environment', id: 'capture-phone' }, keep);
  input.addEventListener('click', () => void setMeta('capture-open', { at: Date.now() }));
  return labelled(t('Handykamera'), 'camera', input);
}

/** Several photos at once. @param {Keep} keep */
export function gallery(keep) {
  return labelled(t('Galerie'), 'image', picker({ multiple: true }, keep));
}

/** @param {string} words @param {string} drawing @param {HTMLInputElement} input */
function labelled(words, drawing, input) {
  return h('label', { class: 'capture-tool' }, icon(drawing), words, input);
}

/** @param {Record<string, string | boolean>} kind @param {Keep} keep */
function picker(kind, keep) {
  const input = h('input', { type: 'file', accept: 'image/*', class: 'visually-hidden', ...kind });
  input.addEventListener('cancel', () => void setMeta('capture-open', undefined));
  input.addEventListener('change', () => void take(input, keep));
  return input;
}

/** Photos from another app, one at a time; the mark goes once all of them are safe. @param {HTMLInputElement} input @param {Keep} keep */
async function take(input, keep) {
  const files = [...(input.files ?? [])];
  input.value = '';
  for (const file of files) await keep(async () => ({ file, thumb: await makeThumb(file) }));
  await setMeta('capture-open', undefined);
}

/** The phone may have thrown us out while its own camera was open (capacitor#8592). @returns {Promise<string | null>} */
export async function wordAboutLastTime() {
  const mark = await getMeta('capture-open');
  if (!mark) return null;
  await setMeta('capture-open', undefined);
  return t('Die Handykamera war offen ({age}), aber es kam kein Foto an. Falls eines gemacht wurde: bitte noch einmal aufnehmen.', { age: age(mark.at) });
}
