// @ts-check

const EVERY_MS = 2000;

/** Keeps the customer's chat fresh while somebody looks at it. Without it the page works by reloading. */
class SandboxPhone extends HTMLElement {
  #timer = 0;
  #tag = "";

  connectedCallback() {
    this.#tag = `"${this.dataset.version ?? ""}"`;
    this.scrollTop = this.scrollHeight;
    // Photos grow the chat after the first look.
    for (const image of this.querySelectorAll("img")) {
      image.addEventListener("load", () => { this.scrollTop = this.scrollHeight; }, { once: true });
    }
    document.addEventListener("visibilitychange", this.#look);
    this.#look();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#look);
    clearTimeout(this.#timer);
  }

  #look = () => {
    clearTimeout(this.#timer);
    if (document.visibilityState === "visible") this.#timer = window.setTimeout(this.#refresh, EVERY_MS);
  };

  #refresh = async () => {
    const source = this.getAttribute("src");
    if (source) {
      try {
        const answer = await fetch(source, { headers: { "If-None-Match": this.#tag }, cache: "no-store" });
        if (answer.status === 200) {
          this.#draw(await answer.text());
          this.#tag = answer.headers.get("ETag") ?? "";
        }
      } catch {
        // The server is away for a moment; the next look will tell.
      }
    }
    this.#look();
  };

  /** @param {string} html */
  #draw(html) {
    // A focused button must not vanish under the finger; the next look draws it.
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const chat = fresh.querySelector("ol");
    if (!chat || this.querySelector("button:focus-visible")) return;
    const tabs = fresh.querySelector("nav");
    const old = this.parentElement?.querySelector("nav");
    if (tabs && old && !old.matches(":focus-within")) old.replaceWith(tabs);
    const atEnd = this.scrollHeight - this.scrollTop - this.clientHeight < 80;
    this.replaceChildren(chat);
    if (atEnd) this.scrollTop = this.scrollHeight;
  }
}

customElements.define("sandbox-phone", SandboxPhone);
