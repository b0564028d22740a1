// @ts-check
import { h, icon } from '../../lib/dom.js';
import { canRecord, VOICE } from '../../lib/recorder.js';
import { t } from '../../lib/text.js';

/**
 * A note said instead of typed, for the same job and with the same words as the next photo; loaded with the first tap.
 * @param {import('./keeper.js').Keeper} keeper @param {() => import('./keeper.js').Shot} shot
 */
export function voiceSheet(keeper, shot) {
  /** @type {import('../voice-note.js').VoiceNote | null} */
  let note = null;
  const sheet = h('dialog', { class: 'dialog', 'aria-label': t('Sprachnotiz'), close: () => note?.finish() });
  const open = async () => {
    const { VoiceNote } = await import('../voice-note.js');
    note ??= Object.assign(new VoiceNote(), { keeper, shot });
    sheet.replaceChildren(h('h1', {}, t('Sprachnotiz')), note,
      h('button', { type: 'button', class: 'btn primary', click: () => sheet.close() }, t('Weiter fotografieren')));
    sheet.showModal();
  };
  return { sheet, tool: h('button', { type: 'button', class: 'capture-tool', hidden: !canRecord(VOICE), click: () => void open() }, icon('mic'), t('Sprache')) };
}
