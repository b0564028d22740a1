// @ts-check
import { n } from './text.js';

/** What became of recordings whose page died, '' for nothing. @param {{ rescued: number, waiting: number }} found */
export function rescuedWords({ rescued, waiting }) {
  if (waiting > 0) return n(waiting, 'Eine unterbrochene Aufnahme braucht mehr Platz auf dem Handy. Platz schaffen und Zollstock neu öffnen; bis dahin bleibt sie hier.', '{n} unterbrochene Aufnahmen brauchen mehr Platz auf dem Handy. Platz schaffen und Zollstock neu öffnen; bis dahin bleiben sie hier.');
  return rescued > 0 ? n(rescued, 'Eine unterbrochene Aufnahme wurde gerettet.', '{n} unterbrochene Aufnahmen wurden gerettet.') : '';
}
