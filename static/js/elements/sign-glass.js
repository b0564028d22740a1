// @ts-check
const LONG_EDGE_PX = 900;
const LINE_PX = 3;

/**
 * A pad to sign on with finger, pen or mouse. What was drawn goes with the form, in ink on white whatever the screen's
 * scheme. Without a script it stays hidden; the words above it do the same.
 */
export class SignGlass extends HTMLElement {
  /** Strokes in shares of the pad's size, so that a turned phone loses none. @type {{ x: number, y: number }[][]} */
  #strokes = [];
  /** @type {number | null} */
  #pointer = null;

  connectedCallback() {
    this.hidden = false;
    const pad = this.#pad;
    pad.addEventListener('pointerdown', this.#down);
    pad.addEventListener('pointermove', this.#move);
    pad.addEventListener('pointerup', this.#up);
    pad.addEventListener('pointercancel', this.#up);
    this.querySelector('[data-clear]')?.addEventListener('click', this.#clear);
    this.closest('form')?.addEventListener('submit', this.#send, { capture: true });
    addEventListener('resize', this.#draw);
    this.#draw();
  }

  disconnectedCallback() {
    removeEventListener('resize', this.#draw);
    this.closest('form')?.removeEventListener('submit', this.#send, { capture: true });
  }

  get #pad() {
    return /** @type {HTMLCanvasElement} */ (this.querySelector('canvas'));
  }

  #down = (/** @type {PointerEvent} */ event) => {
    if (this.#pointer !== null || event.button !== 0) return;
    event.preventDefault();
    this.#pointer = event.pointerId;
    this.#pad.setPointerCapture(event.pointerId);
    this.#strokes.push([this.#at(event)]);
    this.#changed();
  };

  #move = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== this.#pointer) return;
    const each = event.getCoalescedEvents?.() ?? [];
    this.#strokes.at(-1)?.push(...(each.length ? each : [event]).map((one) => this.#at(one)));
    this.#draw();
  };

  #up = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId === this.#pointer) this.#pointer = null;
  };

  #clear = () => {
    this.#strokes = [];
    this.#changed();
  };

  #changed() {
    const empty = this.#strokes.length === 0;
    for (const button of this.querySelectorAll('button')) button.disabled = empty;
    this.#draw();
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const box = this.#pad.getBoundingClientRect();
    return { x: (event.clientX - box.x) / box.width, y: (event.clientY - box.y) / box.height };
  }

  #draw = () => {
    const pad = this.#pad;
    const box = pad.getBoundingClientRect();
    const scale = Math.min(devicePixelRatio, LONG_EDGE_PX / Math.max(1, box.width));
    pad.width = Math.round(box.width * scale);
    pad.height = Math.round(box.height * scale);
    const ink = pad.getContext('2d');
    if (!ink) return;
    ink.fillStyle = '#fff';
    ink.fillRect(0, 0, pad.width, pad.height);
    Object.assign(ink, { lineWidth: LINE_PX * scale, lineCap: 'round', lineJoin: 'round', strokeStyle: '#111' });
    for (const stroke of this.#strokes) {
      ink.beginPath();
      for (const { x, y } of stroke.length > 1 ? stroke : [stroke[0], stroke[0]]) ink.lineTo(x * pad.width, y * pad.height);
      ink.stroke();
    }
  };

  /** Only with its own button: what was said aloud is proved by who heard it. */
  #send = (/** @type {SubmitEvent} */ event) => {
    const signed = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value === 'signature';
    const field = /** @type {HTMLInputElement} */ (this.querySelector('input[name="signature"]'));
    field.value = signed && this.#strokes.length ? this.#pad.toDataURL('image/png') : '';
  };
}

customElements.define('sign-glass', SignGlass);
