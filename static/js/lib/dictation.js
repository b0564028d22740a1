// @ts-check
/** Speech recognition is young: neither all browsers nor all libraries' types know it. @type {any} */
const Recognition = /** @type {any} */ (globalThis).SpeechRecognition ?? /** @type {any} */ (globalThis).webkitSpeechRecognition;

/** @typedef {'here' | 'away' | null} Where here: on this phone · away: at the browser's maker · null: not at all */

/**
 * Where this browser would turn speech into words. On the phone itself is asked for first; away needs the network.
 * @param {string} lang @returns {Promise<Where>}
 */
export async function whereDictated(lang) {
  if (!Recognition) return null;
  if ('processLocally' in Recognition.prototype && Recognition.available) {
    const state = await Recognition.available({ langs: [lang], processLocally: true }).catch(() => 'unavailable');
    if (state === 'available') return 'here';
  }
  return navigator.onLine ? 'away' : null;
}

/**
 * Listens until stopped or silent.
 * @param {string} lang @param {Where} where
 * @param {{ words: (text: string) => void, guess: (text: string) => void, ended: (code: string | null) => void }} told
 * @returns {() => void} stops listening
 */
export function dictate(lang, where, { words, guess, ended }) {
  const recognition = new Recognition();
  let failure = /** @type {string | null} */ (null);
  Object.assign(recognition, { lang, continuous: true, interimResults: true });
  if (where === 'here') recognition.processLocally = true;
  recognition.onresult = (/** @type {any} */ event) => {
    const fresh = [...event.results].slice(event.resultIndex);
    for (const result of fresh.filter((one) => one.isFinal)) words(result[0].transcript.trim());
    guess(fresh.filter((one) => !one.isFinal).map((one) => one[0].transcript).join(' '));
  };
  recognition.onerror = (/** @type {any} */ event) => {
    failure = event.error;
  };
  recognition.onend = () => ended(failure);
  recognition.start();
  return () => recognition.stop();
}
