// @ts-check
import { SIGN_IN } from './addresses.js';
import { getMeta } from './db.js';
import { payOwedSignOut } from './leaving.js';
import { adopt, lock, settleFirst } from './session.js';

/** Takes over whom this page was drawn for; public pages and the offline shell name nobody and change nothing. */
async function arrive() {
  const { actor, cacheKey, role = '', position } = document.body.dataset;
  if (location.pathname === SIGN_IN) await lock();
  if (!actor || !cacheKey) return;
  if (await getMeta('sign-out-owed')) await leave();
  else await adopt({ actor, cacheKey, role, position: position === 'on', locked: false });
}

/** Who signed out without a network is signed out, whatever the server still thought. */
async function leave() {
  await payOwedSignOut();
  location.replace(SIGN_IN);
}

settleFirst(arrive());
