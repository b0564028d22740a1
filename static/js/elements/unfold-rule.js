// @ts-check
import { h } from '../lib/dom.js';

const SEGMENTS_AT_MOST = 24;

/** The folding rule: one segment is one photo safe at the office; more than 24 share the segments. */
export class UnfoldRule {
  element = h('div', { class: 'unfold', role: 'progressbar', 'aria-valuemin': 0 });

  /** @param {{ total: number, safe: number, sending: number, words: string, label: string }} now */
  show({ total, safe, sending, words, label }) {
    const count = Math.min(total, SEGMENTS_AT_MOST);
    const done = Math.floor((safe * count) / total);
    const going = sending > 0 ? Math.max(1, Math.ceil((sending * count) / total)) : 0;
    while (this.element.children.length > count) this.element.lastElementChild?.remove();
    while (this.element.children.length < count) this.element.append(h('i'));
    for (const [at, segment] of [...this.element.children].entries()) segment.className = wordOf(at, done, going);
    const said = { 'aria-label': label, 'aria-valuemax': total, 'aria-valuenow': safe, 'aria-valuetext': words };
    for (const [name, value] of Object.entries(said)) this.element.setAttribute(name, String(value));
  }
}

/** @param {number} at @param {number} done @param {number} going */
function wordOf(at, done, going) {
  if (at < done) return 'done';
  return at < done + going ? 'now' : '';
}
