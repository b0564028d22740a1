// @ts-check
import './offline/arrival.js';
import { watchSignOut } from './offline/leaving.js';
import { currentSession } from './offline/session.js';
import { keepSending } from './offline/triggers.js';
import { keepUpdated } from './offline/updates.js';
import { h } from './lib/dom.js';
import { wakeElements } from './lib/elements.js';
import { learn, t } from './lib/text.js';

/** A page drawn for somebody who has left since must not come back from the browser's memory. */
async function leaveStalePage(/** @type {PageTransitionEvent} */ event) {
  const { cacheKey } = document.body.dataset;
  const session = event.persisted ? await currentSession() : null;
  if (session && cacheKey && (session.locked || session.cacheKey !== cacheKey)) location.reload();
}

/** A fragment that did not come leaves the page as it was, and says so. */
function sayFragmentFailed() {
  document.querySelector('.fragment-failed')?.remove();
  document.querySelector('main')?.prepend(
    h('p', { class: 'banner warn fragment-failed', role: 'alert' }, t('Das kam nicht an. Bitte nochmal versuchen.')));
}

watchSignOut();
addEventListener('pageshow', (event) => void leaveStalePage(event));
document.addEventListener('htmx:error', sayFragmentFailed);
document.addEventListener('htmx:after:swap', wakeElements);
document.querySelector('main')?.prepend(document.createElement('storage-banner'));
await learn();
wakeElements();
keepSending();
await keepUpdated();
