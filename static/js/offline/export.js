// @ts-check
import { contentOf, fileName, jobTitle } from './files.js';
import { sha256 } from '../lib/bytes.js';
import { kindWord, reasonOf } from '../lib/reasons.js';
import { t } from '../lib/text.js';
import { localIso } from '../lib/time.js';
import { ZipWriter } from '../lib/zip.js';

/** @typedef {import('./db.js').Item} Item */
/** @typedef {import('./files.js').JobName} JobName */

/**
 * Everything given as one archive, made on this phone, with a list of what is in it: as words for people
 * (inhalt.txt) and complete for programs (inhalt.json). One item is read at a time.
 * @param {Item[]} items @param {Map<string, JobName>} jobs by id @param {(done: number) => void} onProgress
 * @returns {Promise<{ file: File, missing: number }>} missing: so many had lost their bytes; they stand in the list
 * @throws {import('../lib/zip.js').ZipTooLarge}
 */
export async function packAll(items, jobs, onProgress) {
  const zip = new ZipWriter();
  const lines = [];
  for (const [index, item] of items.entries()) {
    const job = jobs.get(item.job ?? '');
    const bytes = await contentOf(item);
    const file = bytes && fileName(item, job, index + 1);
    if (bytes && file) zip.add(file, bytes, item.captured_at);
    lines.push({ ...line(item, job), file, sha256: item.sha256, sha256_here: bytes && item.size > 0 ? await hashOf(bytes) : null });
    onProgress(index + 1);
  }
  const now = localIso();
  const text = new TextEncoder();
  zip.add('inhalt.json', text.encode(JSON.stringify({ made_at: now, items: lines }, null, 2)), now);
  zip.add('inhalt.txt', text.encode(lines.map(readable).join('\n')), now);
  const name = `zollstock-${now.slice(0, 16).replace(/[:T]/g, '-')}.zip`;
  return { file: new File([zip.close()], name, { type: 'application/zip' }), missing: lines.filter((one) => !one.file).length };
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
function hashOf(bytes) {
  return sha256(/** @type {ArrayBuffer} */ (bytes.buffer));
}

/** @param {Item} item @param {JobName | undefined} job */
function line(item, job) {
  const { id, kind, captured_at, size, mime, state, error, body } = item;
  return { id, kind, captured_at, job: item.job, job_name: jobTitle(item, job), size, mime, state, error, reason: reasonOf(item)?.[0] ?? null, body };
}

/** @param {ReturnType<typeof line> & { file: string | null, sha256: string | null }} one */
function readable(one) {
  const words = String(one.body.caption || one.body.text || one.body.title || '');
  return [one.file ?? t('Datei fehlt'), one.captured_at, kindWord(one.kind), one.job_name, words, one.id, one.sha256 ?? '']
    .map((part) => part.replace(/\s+/g, ' ').trim()).join('\t');
}
