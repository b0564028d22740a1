// @ts-check
import { meansRemoval, showSheet } from './unsent-sheet.js';
import { savedWords } from '../lib/saved-words.js';
import { t } from '../lib/text.js';
import { ZipTooLarge } from '../lib/zip.js';
import { remove } from '../offline/outbox.js';
import { sendSoon } from '../offline/triggers.js';
import { give, saveArchive, saveCopies } from '../offline/save.js';

/** @typedef {import('../offline/db.js').Item} Item */
/** @typedef {import('./unsent-row.js').View} View */
/** @typedef {(words: string, again?: (() => void) | null) => void} Say */

/** @param {Item} item as its row shows it @param {View} view @returns {Promise<string>} the act chosen, or '' */
export function open(item, view) {
  return showSheet(item, view);
}

/** Removes one item once its owner has typed the word. @param {Item} item as its row shows it */
export async function removeIfMeant(item) {
  if (!(await meansRemoval(item))) return;
  await remove(item.owner, item.id);
  void sendSoon();
}

/**
 * Gives copies away and says what became of them.
 * @param {Item[]} items @param {View} view @param {boolean} packed one archive, however few they are @param {Say} say
 */
export async function save(items, { jobs }, packed, say) {
  const packing = (/** @type {number} */ done) => say(t('{done} von {all} gepackt', { done, all: items.length }));
  try {
    told(await (packed ? saveArchive : saveCopies)(items, jobs, packing), say);
  } catch (error) {
    say(error instanceof ZipTooLarge ? t('Zusammen mehr als 4 GB: bitte in Teilen wählen und sichern.') : t('Das Sichern misslang. Nichts ist verändert; bitte weniger auf einmal wählen.'));
    if (!(error instanceof ZipTooLarge)) console.error(error);
  }
}

/** A share sheet opens only right after a tap: where packing took longer, one more is asked for. @param {import('../offline/save.js').Saved} saved @param {Say} say */
function told(saved, say) {
  const again = async () => told({ ...saved, given: await give(saved.files) }, say);
  say(savedWords(saved), saved.given === 'again' ? () => void again() : null);
}
