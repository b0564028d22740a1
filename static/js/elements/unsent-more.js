// @ts-check
import { PhoneSettings } from './phone-settings.js';
import { Kept } from './unsent-kept.js';
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { SIGN_OUT } from '../offline/addresses.js';
import { logText } from '../offline/log.js';
import { download } from '../offline/save.js';

/** What stands below the list: what is safe and still here, and what else concerns this phone. */
export class More {
  #kept = new Kept();
  element = h('div', { class: 'unsent-more' }, this.#kept.element, h('div', { class: 'unsent-foot' }, new PhoneSettings().element, ...ways()));

  /** @param {string} owner @param {Map<string, import('../offline/files.js').JobName>} jobs */
  update(owner, jobs) {
    return this.#kept.update(owner, jobs);
  }

  stop() {
    this.#kept.stop();
  }
}

function ways() {
  return [
    h('button', { type: 'button', class: 'btn quiet', click: () => void saveLog() }, icon('download'), t('Protokoll sichern')),
    h('a', { class: 'btn quiet', href: '/account' }, icon('phone-device'), t('Konto und Geräte')),
    h('form', { method: 'post', action: SIGN_OUT }, h('button', { class: 'btn quiet' }, icon('logout'), t('Abmelden'))),
  ];
}

async function saveLog() {
  download(new File([await logText()], 'zollstock-protokoll.txt', { type: 'text/plain' }));
}
