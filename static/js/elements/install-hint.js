// @ts-check
import { h, icon } from '../lib/dom.js';
import { onIos, startedFromHome } from '../lib/installed.js';
import { t } from '../lib/text.js';

/** Where the guide itself stands, nobody needs the way to it. */
const GUIDE = /^\/(install|link\/)/;

/** On every page of an iPhone's browser: its data goes after seven days without use, an app's on the home screen does not. */
export class InstallHint extends HTMLElement {
  connectedCallback() {
    if (!onIos() || startedFromHome() || GUIDE.test(location.pathname)) return;
    this.replaceChildren(h('a', { class: 'banner bad', href: '/install' }, icon('warn'),
      h('span', {}, t('iOS löscht nach 7 Tagen ohne Benutzung, was noch nicht gesendet ist.'), ' ', h('b', {}, t('Jetzt zum Startbildschirm hinzufügen')))));
  }
}

customElements.define('install-hint', InstallHint);
