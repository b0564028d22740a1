// @ts-check
import { Recorder } from '../../lib/recorder.js';
import { holdRecording } from '../../offline/recordings.js';
import { activeSession } from '../../offline/session.js';

/** @typedef {import('./keeper.js').Shot} Shot */
/** @typedef {{ stream: MediaStream, plan: import('../../lib/recorder.js').Plan, shot: Shot, thumb: ArrayBuffer | null, keeper: import('./keeper.js').Keeper, tick: (leftMs: number) => void, say?: (words: string) => void }} Order */

/**
 * Records until stopped and carries it to the queue.
 * @param {Order} order
 * @returns {Promise<{ stop: () => void, done: Promise<boolean> }>} done: whether it is safe
 */
export async function record({ stream, plan, shot, thumb, keeper, tick, say }) {
  /** @type {import('../../offline/recordings.js').Held | null} */
  let held = null;
  const recorder = new Recorder(stream, plan, { slice: (slice, ms) => held?.add(slice, ms), tick });
  held = await hold({ ...shot, kind: plan.kind }, recorder.mime, thumb);
  recorder.start();
  const whole = keeper.keep({ ...shot, kind: plan.kind }, async () => {
    const { file, duration_ms } = await recorder.done;
    return { file, thumb, fields: { duration_ms } };
  }, say);
  const done = whole.then(async (safe) => {
    await (safe ? held?.end() : held?.leave());
    return safe;
  });
  // Not awaited: behind an update that already waits for the camera page it would only come with its end.
  void navigator.locks?.request('capture', { mode: 'shared' }, () => done);
  return { stop: recorder.stop, done };
}

/** Where nothing can be held on the way, the recording lives in memory until it ends. @param {Shot & { kind: 'video' | 'voice' }} shot @param {string} mime @param {ArrayBuffer | null} thumb */
async function hold(shot, mime, thumb) {
  const { kind, job, captured_at, fields } = shot;
  const session = await activeSession();
  if (!session) return null;
  return holdRecording({ owner: session.actor, kind, job: job?.id ?? null, captured_at, fields, mime, thumb }).catch(() => null);
}
