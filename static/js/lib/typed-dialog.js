// @ts-check
import { h, icon } from './dom.js';
import { t } from './text.js';

/**
 * Asks for a word to be typed before something goes for good: no slip of a glove deletes a photo.
 * @param {{ title: string, words: string, act: string, picture?: Node | null }} asked act: what the button says
 * @returns {Promise<boolean>}
 */
export function askForWord({ title, words, act, picture = null }) {
  const wanted = t('weg');
  return new Promise((resolve) => {
    const go = h('button', { class: 'btn danger', value: 'yes', disabled: true }, icon('trash'), act);
    const input = h('input', { class: 'input', id: 'typed-word', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', required: true,
      input: () => { go.disabled = !same(input.value, wanted); } });
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'typed-title', close: () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes' && same(input.value, wanted));
    } },
    h('h2', { id: 'typed-title' }, title), picture, h('p', {}, words),
    h('form', { class: 'form', method: 'dialog' },
      h('div', { class: 'field' }, h('label', { for: 'typed-word' }, t('Zum Bestätigen „{word}“ eintippen', { word: wanted })), input),
      h('div', { class: 'actions' }, go, h('button', { class: 'btn', value: 'no', type: 'button', click: () => dialog.close('no') }, t('Behalten')))));
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}

/** @param {string} typed @param {string} wanted */
function same(typed, wanted) {
  return typed.trim().toLocaleLowerCase() === wanted.toLocaleLowerCase();
}
