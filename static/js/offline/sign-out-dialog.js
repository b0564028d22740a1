// @ts-check
import { remove } from './outbox.js';
import { sendNow } from './send-now.js';
import { h, icon } from '../lib/dom.js';
import { n, t } from '../lib/text.js';

/** @typedef {import('./item.js').Item} Item */

/**
 * What becomes of unsent things is their owner's choice: sent first, kept for the next sign-in, or thrown away.
 * @param {Item[]} held @returns {Promise<boolean>} whether to sign out now
 */
export async function maySignOut(held) {
  const choice = await ask(held.length);
  if (choice === 'send') void sendNow();
  if (choice === 'delete') return throwAway(held);
  return choice === 'leave';
}

/** @param {number} held @returns {Promise<string>} send · leave · delete, or '' for none of them */
function ask(held) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'leaving-title', close: () => {
      dialog.remove();
      resolve(dialog.returnValue);
    } },
    h('h2', { id: 'leaving-title' }, t('Abmelden?')),
    h('p', {}, n(held, '{n} Eintrag ist noch auf dem Handy.', '{n} Einträge sind noch auf dem Handy.')),
    h('form', { class: 'stack', method: 'dialog' },
      h('button', { class: 'btn primary', value: 'send' }, icon('send'), t('Erst senden')),
      h('button', { class: 'btn', value: 'leave' }, icon('logout'), t('Abmelden und behalten')),
      h('p', { class: 'sub' }, t('Behaltenes sieht sonst niemand. Es geht nach der nächsten eigenen Anmeldung ins Büro.')),
      h('button', { class: 'btn', value: 'delete' }, icon('trash'), t('Löschen und abmelden'))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** @param {Item[]} held @returns {Promise<boolean>} */
async function throwAway(held) {
  const { askForWord } = await import('../lib/typed-dialog.js');
  const sure = await askForWord({
    title: t('Wirklich entfernen?'),
    words: n(held.length, '{n} Eintrag ginge verloren: er ist weder im Büro noch sonst auf diesem Handy.', '{n} Einträge gingen verloren: sie sind weder im Büro noch sonst auf diesem Handy.'),
    act: t('Endgültig entfernen'),
  });
  if (sure) for (const { owner, id } of held) await remove(owner, id);
  return sure;
}
