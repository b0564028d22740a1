// @ts-check
/** @typedef {Event & { prompt(): Promise<unknown> }} Offer the browser's own question whether to install (Chromium) */

/** @type {Offer | null} */
let offer = null;

/** Whether this page was started from the home screen. */
export function startedFromHome() {
  return /** @type {any} */ (navigator).standalone === true || matchMedia('(display-mode: standalone)').matches;
}

/** An iPad asks for desktop pages and calls itself a Mac; only its fingers give it away. @param {string} [agent] @param {number} [fingers] */
export function onIos(agent = navigator.userAgent, fingers = navigator.maxTouchPoints) {
  return /iPhone|iPad|iPod/.test(agent) || (agent.includes('Macintosh') && fingers > 1);
}

/** The browser makes its offer once, early: it is kept until somebody wants it. */
export function keepInstallOffer() {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = /** @type {Offer} */ (event);
    dispatchEvent(new Event('install-offer'));
  });
}

/** @returns {Offer | null} */
export function installOffer() {
  return offer;
}
