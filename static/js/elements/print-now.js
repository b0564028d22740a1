// @ts-check
/** A button that opens the print dialogue; without scripts the browser's own menu does the same. */
export class PrintNow extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.addEventListener('click', () => globalThis.print());
  }
}

customElements.define('print-now', PrintNow);
