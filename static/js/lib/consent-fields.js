// @ts-check
import { sha256 } from './bytes.js';

/**
 * What PUT /sync/items/{id} carries of a consent, and the file that proves it: the words as they stand in the form.
 * @param {FormData} form @param {number} [now] ms, this phone's clock when the page was shown
 * @returns {Promise<{ fields: Record<string, unknown>, file?: Blob }>}
 */
export async function consentFields(form, now = Date.now()) {
  const word = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
  const common = { contact: word('contact'), partner: word('partner') || null };
  const about = { channel: word('channel'), purpose: word('purpose') };
  if (word('verb') === 'withdrawn') {
    const words = about.purpose ? [about] : [];
    return { fields: { ...common, verb: 'withdrawn', words, proof: 'spoken', how: word('how') } };
  }
  const text = word('wording');
  const words = [{ ...about, text, version: word('version'), sha256: await sha256(encoded(text)) }];
  const shown_at = word('shown_at');
  const ahead = word('shown_ahead_ms') ? Number(word('shown_ahead_ms')) : Math.round(Date.parse(shown_at) - now);
  const drawn = word('signature');
  const file = drawn ? await picture(drawn) : undefined;
  return {
    fields: { ...common, verb: 'granted', words, number: word('number'), proof: file ? 'signature' : 'spoken', how: word('how'), shown_at, shown_ahead_ms: ahead },
    file,
  };
}

/** @param {string} text */
function encoded(text) {
  return /** @type {ArrayBuffer} */ (new TextEncoder().encode(text).buffer);
}

/** @param {string} address `data:image/png;base64,…`, as the pad draws it */
function picture(address) {
  const data = Uint8Array.from(atob(address.slice(address.indexOf(',') + 1)), (sign) => sign.charCodeAt(0));
  return new Blob([data], { type: 'image/png' });
}
