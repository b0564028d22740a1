// @ts-check
import { h, icon } from '../lib/dom.js';
import { installOffer, onIos, startedFromHome } from '../lib/installed.js';
import { n, t } from '../lib/text.js';
import { counts, onChange } from '../offline/outbox.js';
import { activeSession } from '../offline/session.js';
import { sendNow } from '../offline/send-now.js';

/** What only this phone knows on the page of the guide: already installed, something unsent, a browser that offers it itself. */
export class InstallGuide extends HTMLElement {
  #stop = () => {};
  #draw = () => void this.#redraw();

  connectedCallback() {
    const own = startedFromHome() || location.search ? null : ownGuide();
    if (own) return location.replace(own);
    this.#stop = onChange(this.#draw);
    addEventListener('install-offer', this.#draw);
    this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
    removeEventListener('install-offer', this.#draw);
  }

  async #redraw() {
    if (startedFromHome()) return this.replaceChildren(h('p', { class: 'banner ok' }, icon('check'), t('Zollstock läuft schon vom Startbildschirm. Hier ist nichts zu tun.')));
    const session = await activeSession();
    const held = session ? (await counts(session.actor)).waiting : 0;
    const offer = installOffer();
    this.replaceChildren(...[
      held > 0 && onIos() && unsent(held),
      offer && h('button', { type: 'button', class: 'btn primary big', click: () => void offer.prompt() }, icon('add-home'), t('Jetzt installieren')),
    ].filter((part) => part !== false && part !== null));
  }
}

/** The guide for a browser whose name alone does not tell the server: an iPad that calls itself a Mac. @param {string} [agent] */
function ownGuide(agent = navigator.userAgent) {
  if (!agent.includes('Macintosh') || !onIos(agent)) return null;
  return `/install?on=${/CriOS|FxiOS|EdgiOS/.test(agent) ? 'ios_browser' : 'safari'}`;
}

/** The app on the home screen does not see what lies in this browser. @param {number} held */
function unsent(held) {
  return h('div', { class: 'banner bad', role: 'alert' }, icon('warn'),
    h('span', {}, n(held, 'Erst senden: {n} Eintrag liegt noch in diesem Browser. Die App auf dem Startbildschirm sieht ihn nicht.', 'Erst senden: {n} Einträge liegen noch in diesem Browser. Die App auf dem Startbildschirm sieht sie nicht.')),
    h('button', { type: 'button', class: 'btn', click: () => void sendNow() }, icon('send'), t('Jetzt senden')));
}

customElements.define('install-guide', InstallGuide);
