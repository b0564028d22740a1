// @ts-check
/** This phone's place in the sync contract; the server names the oldest it still understands. */
export const CLIENT = 1;
const WATCHDOG_MS = 30_000;

/**
 * The way is blocked for everything, not for one item.
 * Reasons: network · portal · login · forbidden · update · other-user · busy.
 */
export class Pause extends Error {
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
 * @param {{ json?: unknown, bytes?: ArrayBuffer | Uint8Array<ArrayBuffer>, headers?: Record<string, string> }} [options]
 * @returns {Promise<Answer>}
 * @throws {Pause} when nothing came back
 */
export async function ask(method, path, { json, bytes, headers = {} } = {}) {
  const guard = new AbortController();
  const timer = setTimeout(() => guard.abort(), WATCHDOG_MS);
  try {
    const response = await fetch(path, {
      method, signal: guard.signal, redirect: 'error', cache: 'no-store', credentials: 'same-origin',
      headers: { Accept: 'application/json', 'X-Client': String(CLIENT), ...typeOf(json), ...headers },
      body: json === undefined ? bytes : JSON.stringify(json),
    });
    return { status: response.status, headers: response.headers, json: await jsonOf(response) };
  } catch {
    throw new Pause('network');
  } finally {
    clearTimeout(timer);
  }
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
  if (status === 401) throw new Pause('login');
  if (status === 426) throw new Pause('update');
  if (status === 429 || status === 503) throw new Pause('busy', wait);
  if (status === 511) throw new Pause('portal');
  if ([408, 423, 425].includes(status) || status >= 500) throw new Later('server', wait);
  throw new Parked(codeOf(answer));
}

/** @param {Headers} headers @returns {number} seconds */
function retryAfter(headers) {
  const value = headers.get('Retry-After');
  if (!value) return 0;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}

/** @param {Answer} answer */
function codeOf({ status, json }) {
  if (status === 403) return 'forbidden';
  if (status === 409) return 'conflict';
  if (status === 413) return 'too-large';
  return typeof json?.error?.code === 'string' ? json.error.code : `http-${status}`;
}

/** A picture of ours as a file with our name, ready to be shared. @param {string} path @param {string} name */
export async function fetchFile(path, name) {
  const response = await fetch(path, { redirect: 'error', credentials: 'same-origin' });
  if (!response.ok) throw new Parked(String(response.status));
  return new File([await response.blob()], name, { type: 'image/jpeg' });
}
