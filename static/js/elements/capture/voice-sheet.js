// @ts-check
import '../voice-note.js';
import { h, icon } from '../../lib/dom.js';
import { canRecord, VOICE } from '../../lib/recorder.js';
import { t } from '../../lib/text.js';

/**
 * A note said instead of typed, for the same job and with the same words as the next photo.
 * @param {import('./keeper.js').Keeper} keeper @param {() => import('./keeper.js').Shot} shot
 */
export function voiceSheet(keeper, shot) {
  const note = /** @type {import('../voice-note.js').VoiceNote} */ (document.createElement('voice-note'));
  Object.assign(note, { keeper, shot });
  const sheet = h('dialog', { class: 'dialog', 'aria-label': t('Sprachnotiz'), close: () => note.finish() }, h('h1', {}, t('Sprachnotiz')), note);
  sheet.append(h('button', { type: 'button', class: 'btn primary', click: () => sheet.close() }, t('Weiter fotografieren')));
  return { sheet, tool: h('button', { type: 'button', class: 'capture-tool', hidden: !canRecord(VOICE), click: () => sheet.showModal() }, icon('mic'), t('Sprache')) };
}
