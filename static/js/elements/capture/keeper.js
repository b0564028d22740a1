// @ts-check
import { first } from '../../lib/first.js';
import { notKeptWords } from '../../lib/reasons.js';
import { t } from '../../lib/text.js';
import { enqueue, NotKept } from '../../offline/outbox.js';
import { activeSession } from '../../offline/session.js';
import { sendSoon } from '../../offline/triggers.js';

/** More would hold too many originals in memory at once (enketo-express#398). */
const MAX_IN_HAND = 3;

/** @typedef {import('../../offline/db.js').Item} Item */
/** @typedef {{ file: Blob, thumb: ArrayBuffer | null, fields?: Record<string, unknown> }} Made */
/** @typedef {{ kind: Item['kind'], captured_at: string, job: { id: string, title: string } | null, fields: Record<string, unknown> }} Shot what was true when the finger came down */
/** @typedef {{ count: () => void, kept: (thumb: ArrayBuffer | null) => void, say: (words: string) => void }} Told */

/** Carries what was taken to the disk of this phone, one after the other, and knows how many are on the way. */
export class Keeper {
  inHand = 0;
  kept = 0;
  #line = Promise.resolve(true);
  #told;

  /** @param {Told} told */
  constructor(told) {
    this.#told = told;
  }

  get full() {
    return this.inHand >= MAX_IN_HAND;
  }

  /**
   * Resolves when the bytes are safe or the person was told why not.
   * @param {Shot} shot @param {() => Promise<Made>} source
   * @param {(words: string) => void} [say] where this one is told, if what it came from covers the page
   * @returns {Promise<boolean>} whether they are
   */
  async keep(shot, source, say = this.#told.say) {
    this.#count(+1);
    const made = source();
    made.catch(() => {});
    this.#line = this.#line.then(() => this.#save(shot, made, say));
    // A clip is in hand for a minute: sending goes on meanwhile.
    if (shot.kind === 'photo') first(this.#line);
    const safe = await this.#line;
    this.#count(-1);
    return safe;
  }

  /** @param {Shot} shot @param {Promise<Made>} coming @param {(words: string) => void} say */
  async #save(shot, coming, say) {
    const failed = (/** @type {string} */ words) => {
      say(words);
      return false;
    };
    try {
      const [{ file, thumb, fields }, session] = await Promise.all([coming, activeSession()]);
      if (!session) return failed(t('Zum Fotografieren bitte anmelden.'));
      const job = shot.job?.id ?? null;
      await enqueue({ owner: session.actor, kind: shot.kind, job, captured_at: shot.captured_at, fields: { ...shot.fields, ...fields }, file, thumb });
      this.#safe(shot, thumb);
      return true;
    } catch (error) {
      return failed(error instanceof NotKept ? notKeptWords(error.code) : t('Die Kamera gab kein Foto her. Bitte noch einmal auslösen.'));
    }
  }

  /** @param {Shot} shot @param {ArrayBuffer | null} thumb */
  #safe({ kind }, thumb) {
    this.kept += 1;
    if (kind === 'photo' && performance.getEntriesByName('shutter').length > 0) performance.measure('shutter-to-safe', 'shutter');
    // Felt through a glove, seen by nobody else.
    navigator.vibrate?.(30);
    this.#told.kept(thumb);
    void sendSoon();
  }

  /** @param {number} step */
  #count(step) {
    this.inHand += step;
    this.#told.count();
  }
}
