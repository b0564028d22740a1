// @ts-check
const ID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** Pages the shell draws from this phone alone; offline/render.js has one function for each. */
const RENDERED = new RegExp(`^/(jobs(/(new|${ID}))?|capture|questions|search|photos/${ID}|contacts/${ID}/consents(/new)?|(questions|notes|calls)/new|unsent|sort|befores|share|offline|q/[^/]+)?$`);

/** Pages that say the same whatever stands behind the question mark, because scripts read it. */
const SEARCHLESS = new Set(['/capture', '/unsent', '/sort', '/befores']);

export const SHELL = '/offline';
export const SIGN_IN = '/login';
export const SIGN_OUT = '/sign-out';

/** @param {string} path */
export function rendersOffline(path) {
  return RENDERED.test(path);
}

/** @param {string} path */
export function ignoresSearch(path) {
  return SEARCHLESS.has(path);
}
