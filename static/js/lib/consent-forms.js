// @ts-check
import { h, icon } from './dom.js';

/**
 * A form that takes something back, kept on the phone first; without `about` it takes back everything.
 * @param {string} contact @param {string} job @param {string} label @param {Record<string, string>} about channel, purpose, partner
 */
export function takeBack(contact, job, label, about) {
  const kept = document.createElement('offline-form');
  kept.setAttribute('kind', 'consent');
  kept.setAttribute('next', `/contacts/${contact}/consents?job=${job}`);
  const fields = { contact, job, verb: 'withdrawn', ...about };
  kept.append(h('form', { method: 'post', action: `/contacts/${contact}/consents/withdrawal` },
    ...Object.entries(fields).map(([name, value]) => h('input', { type: 'hidden', name, value })),
    h('button', { class: 'btn full' }, icon('close'), label)));
  return kept;
}
