// @ts-check
import { FromRows } from './from-rows.js';
import { mark, picture } from '../lib/dom.js';
import { kindWord, stateWords } from '../lib/reasons.js';
import { dayAndTime } from '../lib/time.js';
import { filedOn, jobOf } from '../offline/filings.js';
import { itemsOf, thumbOf, UNSENT } from '../offline/outbox.js';
import { activeSession } from '../offline/session.js';

/** @typedef {import('../offline/db.js').Item} Item */

const PICTURED = new Set(['photo', 'video']);
/** What the server's page calls an item of this kind, where that is another name. */
const NAMES = /** @type {Record<string, string>} */ ({ video: 'photo', voice: 'photo', call: 'note' });

/**
 * On a job's page: what this phone still owes to the job named by the attribute `job`, drawn with the templates of
 * templates/photos/_pending.html. What arrives meanwhile stays until the server's own row stands on a newer page.
 */
export class JobPhotos extends FromRows {
  async redraw() {
    const session = await activeSession();
    const job = this.getAttribute('job');
    const items = session ? await itemsOf(session.actor) : [];
    const filed = filedOn(items);
    const rows = items.filter((item) => item.kind !== 'filing' && jobOf(item, filed) === job && isMissing(item) && !alreadyThere(item, this));
    this.hidden = rows.length === 0;
    this.replaceChildren(...(await Promise.all(rows.map(face))));
  }
}

/** Whether the server did not have this item when it drew the page. @param {Item} item */
function isMissing(item) {
  const drawn = Date.parse(document.body.dataset.storedAt ?? '') || performance.timeOrigin;
  return UNSENT.includes(/** @type {any} */ (item.state)) || (item.acked_ms ?? 0) > drawn;
}

/** Whether the server's page already shows this item. @param {Item} item @param {Element} here */
function alreadyThere(item, here) {
  const element = document.getElementById(`${NAMES[item.kind] ?? item.kind}-${item.id}`);
  return element !== null && !here.contains(element);
}

/** @param {Item} item */
async function face(item) {
  const name = PICTURED.has(item.kind) ? 'photo' : 'words';
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`pending-${name}`));
  const root = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const [where, state] = stateWords(item);
  root.id = `${NAMES[item.kind] ?? item.kind}-${item.id}`;
  root.classList.add(`is-${item.state}`);
  fill(root, 'state', state);
  fill(root, 'time', dayAndTime(item.made_ms));
  fill(root, 'text', String(item.body.text || item.body.caption || kindWord(item.kind)));
  root.querySelector('[data-slot=mark]')?.replaceWith(mark(where, state));
  root.querySelector('[data-slot=thumb]')?.replaceChildren(picture(await thumbOf(item.id), dayAndTime(item.made_ms)));
  return root;
}

/** @param {Element} root @param {string} slot @param {string} words */
function fill(root, slot, words) {
  const place = root.querySelector(`[data-slot=${slot}]`);
  if (place) place.textContent = words;
}

customElements.define('job-photos', JobPhotos);
