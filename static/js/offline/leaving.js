// @ts-check
import { SIGN_IN, SIGN_OUT } from './addresses.js';
import { getMeta, setMeta } from './db.js';
import { unsent } from './outbox.js';
import { activeSession, lock } from './session.js';
import { wipeRead } from './wipe.js';

const PATIENCE_MS = 5_000;

/** Signing out wipes this phone's read data first and tells the server then, network or not. */
export function watchSignOut() {
  document.addEventListener('submit', (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (new URL(form.action).pathname !== SIGN_OUT) return;
    event.preventDefault();
    // A browser whose storage is dead knows nothing unsent: there the server alone signs out.
    signOut().catch(() => wipeRead().catch(() => {}).then(() => form.submit()));
  });
}

async function signOut() {
  const session = await activeSession();
  const held = session ? await unsent(session.actor) : [];
  if (held.length > 0) {
    // Where a broken line keeps the question from us, what is unsent is kept for his next sign-in.
    const dialog = await import('./sign-out-dialog.js').catch(() => null);
    if (dialog && !(await dialog.maySignOut(held))) return;
  }
  await lock();
  await setMeta('sign-out-owed', session?.cacheKey ?? true);
  await payOwedSignOut();
  location.assign((await getMeta('sign-out-owed')) ? '/' : SIGN_IN);
}

/** A sign-out made offline is told to the server before anything else; it stands there by the key of its sign-in. */
export async function payOwedSignOut() {
  if (!(await getMeta('sign-out-owed'))) return;
  const answer = await fetch(SIGN_OUT, { method: 'POST', redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  // Our server sends us on; a captive portal shows its own page instead.
  if (answer?.type === 'opaqueredirect' || answer?.status === 401) await setMeta('sign-out-owed', undefined);
}
