// @ts-check
import { SIGN_IN, SIGN_OUT } from './addresses.js';
import { setMeta, getMeta } from './db.js';
import { counts } from './outbox.js';
import { activeSession, lock } from './session.js';
import { sendNow } from './triggers.js';
import { h } from '../lib/dom.js';
import { n, t } from '../lib/text.js';

const PATIENCE_MS = 5_000;

/** Signing out wipes this phone's read data first and tells the server then, network or not. */
export function watchSignOut() {
  document.addEventListener('submit', (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (new URL(form.action).pathname !== SIGN_OUT) return;
    event.preventDefault();
    void signOut();
  });
}

async function signOut() {
  const session = await activeSession();
  const held = session ? (await counts(session.actor)).waiting : 0;
  if (held > 0 && !(await meansIt(held))) return;
  await lock();
  await setMeta('sign-out-owed', true);
  await payOwedSignOut();
  location.assign((await getMeta('sign-out-owed')) ? '/' : SIGN_IN);
}

/** @param {number} held @returns {Promise<boolean>} */
function meansIt(held) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'dialog', close: () => resolve(dialog.returnValue === 'leave') });
    dialog.append(h('h1', {}, t('Abmelden?')),
      h('p', {}, n(held, '{n} Eintrag ist noch auf dem Handy. Er bleibt hier und geht nach der nächsten Anmeldung ins Büro.', '{n} Einträge sind noch auf dem Handy. Sie bleiben hier und gehen nach der nächsten Anmeldung ins Büro.')),
      h('form', { class: 'actions', method: 'dialog' },
        h('button', { class: 'btn primary', value: 'send', click: () => void sendNow() }, t('Erst senden')),
        h('button', { class: 'btn', value: 'leave' }, t('Abmelden'))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A sign-out made offline is told to the server before anything else. */
export async function payOwedSignOut() {
  if (!(await getMeta('sign-out-owed'))) return;
  const answer = await fetch(SIGN_OUT, { method: 'POST', redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  // Our server sends us on; a captive portal shows its own page instead.
  if (answer?.type === 'opaqueredirect' || answer?.status === 401) await setMeta('sign-out-owed', undefined);
}
