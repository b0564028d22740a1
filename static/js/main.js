// @ts-check
import './offline/arrival.js';
import { watchSignOut } from './offline/leaving.js';
import { currentSession } from './offline/session.js';
import { keepSending } from './offline/triggers.js';
import { keepUpdated, offerIfGone, replaceMissed } from './offline/updates.js';
import { wakeElements } from './lib/elements.js';
import { keepInstallOffer, onIos } from './lib/installed.js';
import { learn } from './lib/text.js';

const AGAIN_MS = 10_000;

/** A page drawn for somebody who has left since must not come back from the browser's memory. */
async function leaveStalePage(/** @type {PageTransitionEvent} */ event) {
  const { cacheKey } = document.body.dataset;
  const session = event.persisted ? await currentSession() : null;
  if (session && cacheKey && (session.locked || session.cacheKey !== cacheKey)) location.reload();
}

/**
 * One tap sends once: a second one while the answer is on its way would ask the customer twice.
 * After a while it may be tried again, should the first have got lost.
 */
function sendOnce(/** @type {SubmitEvent} */ event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = 'yes';
  setTimeout(() => delete form.dataset.sent, AGAIN_MS);
}

/**
 * A form that is to be kept on the phone, sent before its element lives: without a network the browser would lose
 * what was typed. It waits for the element, and goes its plain way where that does not come.
 */
function waitForKeeper(/** @type {SubmitEvent} */ event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.closest('offline-form:not(:defined)')) return;
  event.preventDefault();
  const late = new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  void Promise.race([customElements.whenDefined('offline-form'), late]).then(() => (
    form.closest('offline-form:not(:defined)') ? form.submit() : form.requestSubmit(event.submitter)
  ));
}

/** Back from the next page, everything may be sent again. */
function mayBeSentAgain() {
  for (const form of document.forms) delete form.dataset.sent;
}

watchSignOut();
document.addEventListener('submit', waitForKeeper, { capture: true });
document.addEventListener('submit', sendOnce);
addEventListener('pageshow', mayBeSentAgain);
addEventListener('pageshow', (event) => void leaveStalePage(event));
document.addEventListener('module:missed', () => void replaceMissed());
// A module that a tap asks for fails with a TypeError nobody catches.
addEventListener('unhandledrejection', ({ reason }) => void (reason instanceof TypeError && offerIfGone()));
document.querySelector('main')?.prepend(...(onIos() ? ['install-hint'] : []).concat('storage-banner').map((name) => document.createElement(name)));
keepInstallOffer();
await learn();
wakeElements();
keepSending(keepUpdated());
