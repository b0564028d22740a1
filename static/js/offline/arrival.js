// @ts-check
import { SIGN_IN } from './addresses.js';
import { read, setMeta } from './db.js';
import { payOwedSignOut } from './leaving.js';
import { adopt, lock, settleFirst } from './session.js';

/** Takes over whom this page was drawn for; public pages and the offline shell name nobody and change nothing. */
async function arrive() {
  const { actor, cacheKey, role = '', position } = document.body.dataset;
  if (location.pathname === SIGN_IN) await lock();
  if (!actor || !cacheKey) return;
  const [owed, last] = await read(['meta'], (tx) => Promise.all(['sign-out-owed', 'session'].map((key) => tx.objectStore('meta').get(key))));
  // Another key is another sign-in since: what was to be ended is the one before, and its cookie is gone from here.
  if (owed === true || owed === cacheKey) return leave();
  if (owed) await setMeta('sign-out-owed', undefined);
  await adopt({ actor, cacheKey, role, position: position === 'on', locked: false }, last);
}

/** Who signed out without a network is signed out, whatever the server still thought. */
async function leave() {
  await payOwedSignOut();
  location.replace(SIGN_IN);
}

settleFirst(arrive());
