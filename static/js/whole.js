// @ts-check
// A classic script that imports nothing: where one module does not come, none of them runs (a line that breaks, a worker
// that Chromium ends while it answers). Such a page loads itself anew, once, and says so where that is no help.
{
  const HALF = 'half-page';
  const PATIENCE_MS = 10_000;
  const { dataset } = /** @type {HTMLScriptElement} */ (document.currentScript);
  let told = false;

  // Whichever of its imports is missing, all engines say it of the script. Firefox does so as soon as it knows, so this
  // one is not deferred: the listener is there before the program is.
  addEventListener('error', ({ target }) => void (target instanceof HTMLScriptElement && mend(true)), { capture: true });
  // The program runs and lacks a part (`offline/updates.js`): nobody is torn out of what he has long been at.
  document.addEventListener('module:lacking', () => void mend(performance.now() < PATIENCE_MS));

  /** @param {boolean} untouched */
  async function mend(untouched) {
    if (told) return;
    told = true;
    if (document.readyState === 'loading') await new Promise((read) => addEventListener('DOMContentLoaded', read, { once: true }));
    const may = untouched && !dataset.posted && (await isThere());
    if (may && !typed() && isFirst()) location.reload();
    else say();
  }

  /**
   * Whether all of it can be had now, or a newer release instead. Asked for past every cache: WebKit keeps a preload
   * that failed for as long as it runs, whatever is loaded anew (bugs.webkit.org/270357).
   */
  async function isThere() {
    const parts = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('link[rel=modulepreload], script[src]'));
    const asked = [...parts].map(async (part) => {
      const address = part.getAttribute('href') ?? part.getAttribute('src') ?? '';
      const { ok, status } = await fetch(address, { cache: 'reload', signal: AbortSignal.timeout(PATIENCE_MS) });
      return ok || status === 410;
    });
    return Promise.all(asked).then((found) => found.every(Boolean), () => false);
  }

  /** What somebody wrote before the program came is his. */
  function typed() {
    return [...document.querySelectorAll('input, textarea')].some((field) => {
      const { type, value, defaultValue, checked, defaultChecked } = /** @type {HTMLInputElement} */ (field);
      return type !== 'hidden' && (value !== defaultValue || checked !== defaultChecked);
    });
  }

  /** Whether this page is not that second load already; what cannot be remembered is not tried. */
  function isFirst() {
    const [way] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType('navigation'));
    try {
      if (way?.type === 'reload' && sessionStorage.getItem(HALF) === location.href) return false;
      sessionStorage.setItem(HALF, location.href);
      return true;
    } catch {
      return false;
    }
  }

  function say() {
    const words = /** @type {HTMLTemplateElement | null} */ (document.getElementById(HALF));
    if (words) document.querySelector('main')?.prepend(words.content);
  }
}
