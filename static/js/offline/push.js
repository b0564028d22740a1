// @ts-check
import { recount, showBadge } from './badge.js';
import { report } from './report.js';
import { activeSession, deviceId } from './session.js';
import { drain } from './upload.js';
import { Pause } from '../lib/http.js';
import { t } from '../lib/text.js';

/** @typedef {{ title: string, body: string, url: string, badge: number, tag: string }} Notice what server/domain/pushes.py sends */

const TAG = 'unsent';
const CAPTURE = '/capture';
const icon = (/** @type {string} */ name) => new URL(`../../icons/${name}.png`, import.meta.url).pathname;

/** Shows what the office's server reminds of, and opens the page it means. @param {ServiceWorkerGlobalScope} worker */
export function answerPushes(worker) {
  worker.addEventListener('push', (event) => event.waitUntil(remind(worker, noticeOf(event.data))));
  worker.addEventListener('notificationclick', (event) => event.waitUntil(open(worker, event.notification)));
}

/** Any push has to show something; one that cannot be read shows the plainest. @param {PushMessageData | null} data @returns {Notice} */
function noticeOf(data) {
  const plain = { title: 'Zollstock', body: t('Bitte Zollstock öffnen.'), url: '/unsent', badge: 0, tag: TAG };
  try {
    return { ...plain, ...data?.json() };
  } catch {
    return plain;
  }
}

/**
 * Shown first: a browser that sees no notification takes the permission away. Awake anyway, the phone sends what it
 * can; with nothing left there is nothing to be reminded of.
 * @param {ServiceWorkerGlobalScope} worker @param {Notice} notice
 */
async function remind(worker, { title, body, url, badge, tag }) {
  await worker.registration.showNotification(title, { body, tag, icon: icon('app-192'), badge: icon('badge-96'), data: { url } });
  await showBadge(badge);
  await hear();
  await drain({ returned: true });
  const session = await activeSession();
  if (!session || (await recount()) > 0) return;
  for (const shown of await worker.registration.getNotifications({ tag: TAG })) shown.close();
}

/** Asks what the office wants of this phone: an order may be why it was woken. */
async function hear() {
  const session = await activeSession();
  if (!session) return;
  await report(session.actor, await deviceId()).catch((error) => {
    if (!(error instanceof Pause)) throw error;
  });
}

/** @param {ServiceWorkerGlobalScope} worker @param {Notification} notification */
async function open(worker, notification) {
  notification.close();
  const url = ownPath(notification.data?.url);
  const windows = await worker.clients.matchAll({ type: 'window' });
  // A window that photographs stays as it is.
  const free = windows.find((one) => new URL(one.url).pathname !== CAPTURE);
  if (!free) return void (await worker.clients.openWindow(url));
  await free.navigate(url);
  await free.focus();
}

/** An address of ours, whatever came. @param {unknown} url */
function ownPath(url) {
  const target = new URL(typeof url === 'string' ? url : '/', location.origin);
  return target.origin === location.origin ? target.pathname + target.search + target.hash : '/';
}
