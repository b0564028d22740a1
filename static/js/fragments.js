// @ts-check
import { h } from './lib/dom.js';
import { wakeElements } from './lib/elements.js';
import { t } from './lib/text.js';

/** A link into a pane that is not shown, as on a phone, goes to the page it names. */
function goWhereNothingShows(/** @type {MouseEvent} */ event) {
  const link = /** @type {Element} */ (event.target).closest('a[hx-get][hx-target]');
  const pane = link && document.querySelector(link.getAttribute('hx-target') ?? '');
  if (link && !pane?.getClientRects().length) event.stopPropagation();
}

/** A fragment that did not come leaves the page as it was, and says so. */
function sayFragmentFailed() {
  document.querySelector('.fragment-failed')?.remove();
  document.querySelector('main')?.prepend(
    h('p', { class: 'banner warn fragment-failed', role: 'alert' }, t('Das kam nicht an. Bitte nochmal versuchen.')));
}

// Pages with fragments load this before htmx: what it hears of a tap it hears first.
document.addEventListener('click', goWhereNothingShows, { capture: true });
document.addEventListener('htmx:error', sayFragmentFailed);
document.addEventListener('htmx:after:swap', wakeElements);
