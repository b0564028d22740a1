// @ts-check
/** This phone's place in the sync contract; the server names the oldest it still understands. */
export const CLIENT = 1;
const PATIENCE_MS = 30_000;
/** Bytes a second below which a line counts as dead: a body gets its size over this as time on top. */
const SLOWEST = 1_000;
const LONGEST_WAIT_S = 3_600;

/**
 * The way is blocked for everything, not for one item.
 * Reasons: network · portal · login · forbidden · user.disabled · update · other-user · busy · wiped.
 */
export class Pause extends Error {
  /** @type {string | null} what the office told this phone to do, where it said so */
  order = null;

  /** @param {string} reason @param {number} [retryAfterS] */
  constructor(reason, retryAfterS = 0) {
    super(reason);
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }
}

/** This item must wait; the others may go on. */
export class Later extends Error {
  /** @param {string} code @param {number} [retryAfterS] */
  constructor(code, retryAfterS = 0) {
    super(code);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/** This item needs a human; the others go on. */
export class Parked extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** @typedef {{ status: number, headers: Headers, json: any }} Answer */

/**
 * One request to our own server. A redirect or a silent line is a failure, never an answer.
 * @param {string} method @param {string} path
 * @param {{ json?: unknown, bytes?: ArrayBuffer | Uint8Array<ArrayBuffer>, headers?: Record<string, string>, patience_ms?: number }} [options]
 *   patience_ms: after which the line counts as dead; where it is not given, slow lines get what their body needs
 * @returns {Promise<Answer>}
 * @throws {Pause} when nothing came back
 */
export async function ask(method, path, { json, bytes, headers = {}, patience_ms } = {}) {
  const body = json === undefined ? bytes : JSON.stringify(json);
  const guard = new AbortController();
  const timer = setTimeout(() => guard.abort(), patience_ms ?? patienceFor(body));
  try {
    const response = await fetch(path, {
      method, signal: guard.signal, redirect: 'error', cache: 'no-store', credentials: 'same-origin',
      headers: { Accept: 'application/json', 'X-Client': String(CLIENT), ...typeOf(json), ...headers },
      body,
    });
    return { status: response.status, headers: response.headers, json: await jsonOf(response) };
  } catch {
    throw new Pause('network');
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string | ArrayBuffer | Uint8Array | undefined} body */
function patienceFor(body) {
  const size = typeof body === 'string' ? body.length : body?.byteLength ?? 0;
  return PATIENCE_MS + (size / SLOWEST) * 1000;
}

/** @param {unknown} json @returns {Record<string, string>} */
function typeOf(json) {
  return json === undefined ? {} : { 'Content-Type': 'application/json' };
}

/** The body if it is JSON, else null: a captive portal answers 200 with a page. @param {Response} response */
async function jsonOf(response) {
  if (!response.headers.get('Content-Type')?.includes('json')) return null;
  return response.json().catch(() => null);
}

/**
 * Lets a good answer through and gives every other one its name (offline-pwa.md §4.8).
 * @param {Answer} answer @param {readonly number[]} [expected] further statuses the caller deals with
 */
export function judge(answer, expected = []) {
  const { status } = answer;
  if ((status >= 200 && status < 300) || expected.includes(status)) return answer;
  const wait = retryAfter(answer.headers);
  if (status === 401) throw signedOut(answer);
  if (status === 403 && nameOf(answer) === 'user.disabled') throw new Pause('user.disabled');
  if (status === 426) throw new Pause('update');
  if (status === 429 || status === 503) throw new Pause('busy', wait);
  if (status === 511) throw new Pause('portal');
  if ([408, 423, 425].includes(status) || status >= 500) throw new Later(troubleOf(answer), wait);
  // A refusal of ours is JSON; anything else is somebody between us, and no item is to blame.
  if (!answer.json && status !== 413) throw new Pause('portal');
  throw new Parked(codeOf(answer));
}

/** @param {Answer} answer */
function signedOut(answer) {
  const pause = new Pause(nameOf(answer) === 'session.other_user' ? 'other-user' : 'login');
  pause.order = answer.json?.order ?? null;
  return pause;
}

/** @param {Headers} headers @returns {number} seconds */
function retryAfter(headers) {
  const value = headers.get('Retry-After');
  if (!value) return 0;
  // A date is measured by the clock it was written with, not by this phone's.
  const now = Date.parse(headers.get('Date') ?? '') || Date.now();
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), LONGEST_WAIT_S) : 0;
}

/** @param {Answer} answer */
function codeOf(answer) {
  const { status } = answer;
  if (status === 403) return 'forbidden';
  if (status === 409) return 'conflict';
  if (status === 413) return 'too-large';
  return nameOf(answer) ?? `http-${status}`;
}

/** What ails the server; a full disk there has its own words. @param {Answer} answer */
function troubleOf(answer) {
  const name = nameOf(answer);
  return name?.startsWith('storage.') ? name : 'server';
}

/** The server's own code of a refusal. @param {Answer} answer @returns {string | null} */
function nameOf({ json }) {
  return typeof json?.error?.code === 'string' ? json.error.code : null;
}

/** A picture of ours as a file with our name, ready to be shared. @param {string} path @param {string} name */
export async function fetchFile(path, name) {
  const response = await fetch(path, { redirect: 'error', credentials: 'same-origin' });
  if (!response.ok) throw new Parked(String(response.status));
  return new File([await response.blob()], name, { type: 'image/jpeg' });
}
