// @ts-check
const SWIPE_PX = 48;
const TAP_PX = 12;
const TAP_MS = 500;

/** @typedef {{ swipe: (step: 1 | -1) => void, tap: (event: PointerEvent) => void, pinch: (ratio: number) => void, pinched: () => void }} Moves */
/** @typedef {{ x: number, y: number }} Place */

/**
 * Fingers on the picture: one that wanders sideways is a swipe, one that stays is a tap, two are a pinch. Only one of
 * them ever comes of a touch, so that a swipe moves neither focus nor zoom.
 */
export class Gestures {
  /** @type {Map<number, { from: Place, now: Place, at: number }>} */
  #fingers = new Map();
  #apart = 0;
  #pinching = false;
  #moves;

  /** @param {HTMLElement} picture @param {Moves} moves */
  constructor(picture, moves) {
    this.#moves = moves;
    picture.addEventListener('pointerdown', (event) => this.#down(event));
    picture.addEventListener('pointermove', (event) => this.#move(event));
    picture.addEventListener('pointerup', (event) => this.#up(event));
    picture.addEventListener('pointercancel', (event) => this.#forget(event));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (/** @type {Element} */ (event.target).closest('button, a, input, label')) return;
    const place = { x: event.clientX, y: event.clientY };
    this.#fingers.set(event.pointerId, { from: place, now: place, at: event.timeStamp });
    if (this.#fingers.size !== 2) return;
    this.#pinching = true;
    this.#apart = this.#distance();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const finger = this.#fingers.get(event.pointerId);
    if (!finger) return;
    finger.now = { x: event.clientX, y: event.clientY };
    if (this.#fingers.size === 2 && this.#apart > 0) this.#moves.pinch(this.#distance() / this.#apart);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const finger = this.#fingers.get(event.pointerId);
    this.#forget(event);
    if (!finger || this.#pinching) return this.#settle();
    const [dx, dy] = [event.clientX - finger.from.x, event.clientY - finger.from.y];
    if (Math.abs(dx) >= SWIPE_PX && Math.abs(dx) > 2 * Math.abs(dy)) this.#moves.swipe(dx < 0 ? 1 : -1);
    else if (Math.hypot(dx, dy) < TAP_PX && event.timeStamp - finger.at < TAP_MS) this.#moves.tap(event);
  }

  /** The second finger of a pinch leaves later than the first; until then nothing else happens. */
  #settle() {
    if (this.#fingers.size > 0 || !this.#pinching) return;
    this.#pinching = false;
    this.#moves.pinched();
  }

  /** @param {PointerEvent} event */
  #forget(event) {
    this.#fingers.delete(event.pointerId);
    if (event.type === 'pointercancel') this.#settle();
  }

  #distance() {
    const [one, other] = [...this.#fingers.values()].map((finger) => finger.now);
    return Math.hypot(one.x - other.x, one.y - other.y);
  }
}
