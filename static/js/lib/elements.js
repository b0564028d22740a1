// @ts-check
import { first } from './first.js';

/** Elements by name, each loaded when one stands on a page: most pages need two of them. @type {Record<string, () => Promise<unknown>>} */
const ELEMENTS = {
  'state-line': () => import('../elements/state-line.js'),
  'storage-banner': () => import('../elements/storage-banner.js'),
  'install-hint': () => import('../elements/install-hint.js'),
  'install-guide': () => import('../elements/install-guide.js'),
  'photo-capture': () => import('../elements/photo-capture.js'),
  'voice-note': () => import('../elements/voice-note.js'),
  'unsent-list': () => import('../elements/unsent-list.js'),
  'offline-form': () => import('../elements/offline-form.js'),
  'offline-shell': () => import('../elements/offline-shell.js'),
  'job-photos': () => import('../elements/job-photos.js'),
  'own-photos': () => import('../elements/own-photos.js'),
  'made-jobs': () => import('../elements/made-jobs.js'),
  'live-stream': () => import('../elements/live-stream.js'),
  'review-desk': () => import('../elements/review-desk.js'),
  'missing-afters': () => import('../elements/missing-afters.js'),
  'today-hints': () => import('../elements/today-hints.js'),
  'near-jobs': () => import('../elements/near-jobs.js'),
  'photo-sorter': () => import('../elements/photo-sorter.js'),
  'call-way': () => import('../elements/call-way.js'),
  'dictated-text': () => import('../elements/dictated-text.js'),
  'sign-glass': () => import('../elements/sign-glass.js'),
  'kept-consents': () => import('../elements/kept-consents.js'),
  'print-now': () => import('../elements/print-now.js'),
  'push-toggle': () => import('../elements/push-toggle.js'),
  'inbox-desk': () => import('../elements/inbox-desk.js'),
  'message-composer': () => import('../elements/message-composer.js'),
  'hand-off': () => import('../elements/hand-off.js'),
};

/** Wakes every element of ours that stands there unknown; `customElements.whenDefined` tells when it lives. */
export function wakeElements() {
  for (const { localName } of document.querySelectorAll(':not(:defined)')) {
    const loading = ELEMENTS[localName]?.();
    // `main.js` hears it: a new load may bring it, or a new release.
    if (loading) first(loading.catch(() => void document.dispatchEvent(new Event('module:missed'))));
  }
}
