// @ts-check
import { n } from './text.js';

/** "3 Fotos", or "3 Aufnahmen" where clips or voice notes are among them. @param {{ kind: string }[]} things */
export function pieces(things) {
  const count = things.length;
  return things.every(({ kind }) => kind === 'photo') ? n(count, '{n} Foto', '{n} Fotos') : n(count, '{n} Aufnahme', '{n} Aufnahmen');
}
