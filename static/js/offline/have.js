// @ts-check
import { heed } from './orders.js';
import { ask, CLIENT, judge, Pause } from '../lib/http.js';
import { localIso } from '../lib/time.js';

/** @typedef {import('./send.js').Known} Known */

const AT_ONCE = 200;
const PROBE_MS = 5_000;

/** @param {string} owner @param {string} device @returns {Record<string, string>} */
export function headersOf(owner, device) {
  return { 'X-Device': device, 'X-Device-Time': localIso(), 'X-Owner': owner };
}

/**
 * The one cheap question before everything: is it our server, are we signed in as the owner, what is there already?
 * @param {string} owner @param {string} device @param {string[]} ids
 * @returns {Promise<{ known: Map<string, Known>, now: string | null }>} now: the server's clock
 */
export async function have(owner, device, ids) {
  const known = new Map();
  let now = null;
  for (let start = 0; start === 0 || start < ids.length; start += AT_ONCE) {
    const json = await askHave(owner, device, ids.slice(start, start + AT_ONCE));
    for (const [id, entry] of Object.entries(json.items)) known.set(id, entry);
    now = typeof json.now === 'string' ? json.now : null;
  }
  return { known, now };
}

/** @param {string} owner @param {string} device @param {string[]} ids */
async function askHave(owner, device, ids) {
  const answer = await ask('POST', '/sync/have', { json: { ids }, headers: headersOf(owner, device) });
  const { json } = judge(answer, [403]);
  if (answer.status === 403) throw new Pause(refusalOf(json));
  if (!json?.items || !json.user) throw new Pause('portal');
  if (json.min_client > CLIENT) throw new Pause('update');
  if (json.user.id !== owner) throw new Pause('other-user');
  await heed(json.order, device);
  return json;
}

/** @param {any} json */
function refusalOf(json) {
  if (!json) return 'portal';
  return json.error?.code === 'user.disabled' ? 'user.disabled' : 'forbidden';
}

/** Whether it is the office that answers, to whoever asks: `onLine` does not know, and a hotel's sign-in page is no office. */
export function officeAnswers() {
  return ask('POST', '/sync/have', { json: { ids: [] }, patience_ms: PROBE_MS }).then(({ json }) => json !== null, () => false);
}
