// @ts-check
import { getMeta, setMeta } from './db.js';
import { activeSession, deviceId } from './session.js';
import { ask, judge } from '../lib/http.js';
import { onIos } from '../lib/installed.js';

/** @typedef {'none' | 'install' | 'denied' | 'off' | 'on'} Standing */

/**
 * Whether this browser reminds: none it cannot at all · install only as an installed app (iPhone) · denied somebody
 * said no · off · on. Asks nobody anything.
 * @returns {Promise<Standing>}
 */
export async function standing() {
  if (!('PushManager' in globalThis) || !('Notification' in globalThis) || !navigator.serviceWorker) {
    return onIos() ? 'install' : 'none';
  }
  if (Notification.permission === 'denied') return 'denied';
  return Notification.permission === 'granted' && (await known()) && (await isOwn()) ? 'on' : 'off';
}

/** Whether it is for whoever is signed in: the office reminds the one who subscribed, and nobody else on this phone. */
async function isOwn() {
  const [owner, session] = [await getMeta('push-owner'), await activeSession()];
  return owner === undefined || owner === session?.actor;
}

/** Asks for permission: only ever from a tap. @returns {Promise<boolean>} */
export async function permitted() {
  return (await Notification.requestPermission()) === 'granted';
}

/** Subscribes this browser and tells the server; again heals what either side forgot. */
export async function subscribe() {
  const manager = (await navigator.serviceWorker.ready).pushManager;
  const { json } = judge(await ask('GET', '/push/key'));
  const key = fromBase64(json.key);
  const old = await manager.getSubscription();
  // A server with another key than last year's cannot speak to the old subscription.
  if (old && !same(old.options.applicationServerKey, key)) await old.unsubscribe();
  const made = await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = made.toJSON();
  judge(await ask('PUT', '/push/subscription', { json: { endpoint, keys, device: await deviceId() } }));
  await setMeta('push-owner', (await activeSession())?.actor);
}

/** Ends the reminders; the server learns it first, so that a failed call leaves them on and visible. */
export async function unsubscribe() {
  const subscription = await known();
  if (!subscription) return;
  judge(await ask('DELETE', '/push/subscription', { json: { endpoint: subscription.endpoint } }));
  await subscription.unsubscribe();
}

async function known() {
  const registration = await navigator.serviceWorker.getRegistration();
  return registration?.pushManager.getSubscription() ?? null;
}

/** @param {string} text base64url */
function fromBase64(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));
}

/** @param {ArrayBuffer | null} have @param {Uint8Array} want */
function same(have, want) {
  const bytes = have && new Uint8Array(have);
  return bytes?.length === want.length && bytes.every((byte, place) => byte === want[place]);
}
