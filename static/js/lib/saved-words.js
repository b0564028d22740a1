// @ts-check
import { fileSize, n, t } from './text.js';

/** What came of saving copies. @param {import('../offline/save.js').Saved} saved */
export function savedWords({ given, files, missing, packed }) {
  const size = fileSize(files.reduce((sum, file) => sum + file.size, 0));
  const gone = missing > 0 ? ` ${n(missing, '{n} Datei fehlt und steht nur in der Liste.', '{n} Dateien fehlen und stehen nur in der Liste.')}` : '';
  if (files.length === 0) return gone.trim();
  if (given === 'cancelled') return t('Nicht gesichert: abgebrochen.');
  if (given === 'again') return t('Fertig gepackt ({size}).', { size });
  const what = packed ? t('Gesichert als {name} ({size}).', { name: files[0].name, size }) : n(files.length, '{n} Kopie gesichert.', '{n} Kopien gesichert.');
  return `${what} ${t('Die Einträge bleiben hier, bis sie im Büro sind.')}${gone}`;
}
