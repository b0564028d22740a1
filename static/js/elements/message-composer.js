// @ts-check
/**
 * Says while typing what the chosen way allows and how a template will read, and puts ready-made texts where the
 * cursor is. Every rule is the server's: without us it refuses with the same sentence and keeps the text.
 */
export class MessageComposer extends HTMLElement {
  connectedCallback() {
    this.addEventListener('input', this.#measure);
    this.addEventListener('change', this.#choose);
    this.addEventListener('click', this.#insert);
    this.addEventListener('input', this.#preview);
    for (const button of this.querySelectorAll('[data-preview]')) button.remove();
    this.#choose();
  }

  get #text() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector('textarea[name=text]'));
  }

  get #way() {
    return /** @type {HTMLInputElement | null} */ (this.querySelector('input[name=channel]:checked'));
  }

  #choose = () => {
    const way = this.#way;
    if (!way) return;
    const { name = '', words = '' } = way.dataset;
    const [label, told] = [this.querySelector('[data-way]'), this.querySelector('[data-way-words]')];
    if (label) label.textContent = name;
    if (told) told.textContent = words;
    this.#measure();
  };

  /** The length in the channel's own unit: signs as the server counts them, or bytes. */
  #measure = () => {
    const [way, hint, text] = [this.#way, this.querySelector('[data-rules]'), this.#text];
    if (!way || !hint) return;
    const limit = Number(way.dataset.max);
    const used = way.dataset.unit === 'bytes' ? new TextEncoder().encode(text.value).length : [...text.value].length;
    const over = limit > 0 && used > limit;
    const { words = '', over: tooLong = '' } = text.dataset;
    const told = over
      ? tooLong.replace('{over}', String(used - limit)).replace('{channel}', way.dataset.name ?? '')
      : words.replace('{used}', String(used)).replace('{limit}', String(limit));
    hint.textContent = limit > 0 && (over || used > limit / 2) ? told : way.dataset.rules ?? '';
    hint.classList.toggle('over', over);
    text.setAttribute('aria-invalid', String(over));
    this.#pictures('pictures' in way.dataset);
  };

  /** @param {boolean} possible */
  #pictures(possible) {
    const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (this.querySelectorAll('input[name=photos]'));
    for (const box of boxes) box.disabled = !possible && !box.checked;
  }

  /** A template as it will read, while its gaps are filled. */
  #preview = (/** @type {Event} */ event) => {
    const gap = event.target;
    if (!(gap instanceof HTMLInputElement) || !gap.dataset.gap) return;
    const said = gap.value.trim().replace(/\s+/g, ' ');
    for (const mark of gap.closest('[data-offer]')?.querySelectorAll('[data-place]') ?? []) {
      if (!(mark instanceof HTMLElement) || mark.dataset.place !== gap.dataset.gap) continue;
      mark.textContent = said || mark.dataset.name || '';
      mark.toggleAttribute('data-filled', said !== '');
    }
  };

  #insert = (/** @type {MouseEvent} */ event) => {
    const button = /** @type {Element} */ (event.target).closest('[data-insert]');
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const text = this.#text;
    const gap = text.value && !/\s$/.test(text.value.slice(0, text.selectionStart)) ? '\n\n' : '';
    text.setRangeText(`${gap}${button.dataset.insert}`, text.selectionStart, text.selectionEnd, 'end');
    button.closest('details')?.removeAttribute('open');
    text.focus();
    this.#measure();
  };
}

customElements.define('message-composer', MessageComposer);
