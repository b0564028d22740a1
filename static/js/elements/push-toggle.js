// @ts-check
import { coalesce, h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { permitted, standing, subscribe, unsubscribe } from '../offline/subscription.js';

/** The switch for reminders; where the browser has none or somebody refused, it says so plainly. */
export class PushToggle extends HTMLElement {
  #draw = coalesce(() => this.#redraw());
  #trouble = '';

  connectedCallback() {
    void this.#draw();
  }

  async #redraw() {
    const now = await standing();
    this.dataset.standing = now;
    this.replaceChildren(now === 'on' || now === 'off' ? this.#switch(now === 'on') : sorry(now));
    if (this.#trouble) this.append(h('p', { class: 'banner warn', role: 'alert' }, icon('warn'), h('span', {}, this.#trouble)));
  }

  /** @param {boolean} on */
  #switch(on) {
    const box = h('input', { type: 'checkbox', change: () => void this.#turn(box) });
    box.checked = on;
    return h('label', { class: 'check' }, box, h('span', {}, t('Erinnern, wenn Fotos liegen bleiben')),
      h('span', { class: 'field-hint' }, t('Eine Mitteilung, wenn etwas nach vier Stunden noch nicht gesendet ist. Nur von 6 bis 20 Uhr.')));
  }

  /** @param {HTMLInputElement} box */
  async #turn(box) {
    const wanted = box.checked;
    box.disabled = true;
    this.#trouble = '';
    try {
      // The question comes first and from the tap itself: browsers allow it from nowhere else.
      if (wanted && (await permitted())) await subscribe();
      else if (!wanted) await unsubscribe();
    } catch (error) {
      console.warn(error);
      this.#trouble = t('Das ging gerade nicht. Bitte mit Netz noch einmal versuchen.');
    }
    await this.#draw();
  }
}

/** @param {import('../offline/subscription.js').Standing} now */
function sorry(now) {
  const words = {
    none: t('Dieser Browser kann nicht erinnern. Die Zahl unten bei „Handy“ zeigt immer, was noch fehlt.'),
    install: t('Auf dem iPhone erinnert nur die App auf dem Startbildschirm.'),
    denied: t('Mitteilungen sind im Browser für diese Seite abgeschaltet. Sie lassen sich in seinen Einstellungen wieder erlauben.'),
  };
  const more = now === 'install' && h('a', { class: 'btn small', href: '/install' }, t('So geht es'));
  return h('p', { class: 'banner' }, icon('info'), h('span', {}, words[/** @type {'none'} */ (now)]), more);
}

customElements.define('push-toggle', PushToggle);
