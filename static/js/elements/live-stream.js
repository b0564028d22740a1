// @ts-check
/** What the server tells (server/pages/live.py); `all` means that some hints were lost. */
const TOPICS = [
  'photos', 'questions', 'messages', 'conversations', 'channels', 'jobs', 'notes', 'devices', 'inbox', 'people', 'all',
];
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;

/** How many elements of this page listen; they share one connection. */
let listeners = 0;
/** @type {EventSource | null} */
let source = null;
let wait = FIRST_WAIT_MS;
let timer = 0;
let missed = false;

/** @param {string} topic */
function tell(topic) {
  document.body.dispatchEvent(new CustomEvent(`live:${topic}`));
}

function connect() {
  clearTimeout(timer);
  if (source || listeners === 0 || document.hidden) return;
  source = new EventSource('/live');
  source.addEventListener('open', () => {
    wait = FIRST_WAIT_MS;
    if (missed) tell('all');
    missed = true;
  });
  for (const topic of TOPICS) source.addEventListener(topic, () => tell(topic));
  source.addEventListener('error', retry);
}

/** Our own pace instead of the browser's: it gives up on an answer that is no stream, and never slows down. */
function retry() {
  disconnect();
  timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
  wait = Math.min(2 * wait, LONGEST_WAIT_MS);
}

function disconnect() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()));

/** Brings what changes at the office to this page as `live:photos`, `live:questions` … on the body. */
export class LiveStream extends HTMLElement {
  connectedCallback() {
    listeners += 1;
    connect();
  }

  disconnectedCallback() {
    listeners -= 1;
    if (listeners === 0) disconnect();
  }
}

customElements.define('live-stream', LiveStream);
