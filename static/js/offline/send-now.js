// @ts-check
import { drain } from './triggers.js';
import { awake } from '../lib/awake.js';

/**
 * Sends now because somebody asked: neither waiting times nor a costly line count, and the screen stays on.
 * @param {string[]} [chosen] only these; all without them
 */
export function sendNow(chosen) {
  return awake(() => drain(chosen ? { chosen } : { human: true }));
}
