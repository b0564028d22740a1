// @ts-check
/** Names browsers give the keys at the side of a phone; most keep them for the volume, some hand them to the page. */
const SIDE_KEYS = new Set(['AudioVolumeUp', 'AudioVolumeDown', 'VolumeUp', 'VolumeDown', 'Camera', 'CameraFocus', 'MediaPlayPause']);
const PRESS_KEYS = new Set(['Enter', ' ']);
/** @type {Record<string, 1 | -1>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * The keys of the camera page: side keys, Enter and Space press the shutter, arrows change the phase.
 * @param {{ press: () => void, step: (by: 1 | -1) => void }} acts
 * @returns {() => void} stops listening
 */
export function watchKeys({ press, step }) {
  const listen = (/** @type {KeyboardEvent} */ event) => {
    if (document.querySelector('dialog[open]') || event.ctrlKey || event.altKey || event.metaKey) return;
    if (SIDE_KEYS.has(event.key) || (PRESS_KEYS.has(event.key) && !hasItsOwnUse(event.target))) {
      event.preventDefault();
      if (!event.repeat) press();
    } else if (STEPS[event.key] && !isTypedIn(event.target)) {
      event.preventDefault();
      step(STEPS[event.key]);
    }
  };
  addEventListener('keydown', listen);
  return () => removeEventListener('keydown', listen);
}

/** Whether Enter or Space already means something where the focus stands. @param {EventTarget | null} target */
function hasItsOwnUse(target) {
  return target instanceof Element && target.closest('button, a, input, select, textarea, label, summary') !== null;
}

/** @param {EventTarget | null} target */
function isTypedIn(target) {
  return target instanceof HTMLInputElement && target.type !== 'checkbox';
}
