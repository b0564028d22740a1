// @ts-check
export const WIDE = matchMedia('(min-width: 900px)');
const SWITCH = 'desk-keys';
const REPEATING = ['j', 'k'];

/**
 * Hear the single keys of a desk: not while somebody types, not on a phone, and not when they are switched off
 * (WCAG 2.1.4); help by `?` always.
 * @param {AbortSignal} signal ends it @param {(key: string) => (() => void) | null | undefined} action what a key does here
 */
export function hearKeys(signal, action) {
  document.addEventListener('keydown', (event) => {
    const typing = /** @type {Element} */ (event.target).closest('input:not([type=checkbox]), textarea, select, dialog');
    if (event.ctrlKey || event.metaKey || event.altKey || typing || !WIDE.matches) return;
    if (event.key !== '?' && !switchedOn()) return;
    const act = action(event.key);
    if (!act || event.repeat && !REPEATING.includes(event.key)) return;
    event.preventDefault();
    act();
  }, { signal });
  keepSwitch(signal);
}

/** @param {AbortSignal} signal */
function keepSwitch(signal) {
  const box = /** @type {HTMLInputElement | null} */ (document.getElementById(SWITCH));
  if (!box) return;
  box.checked = switchedOn();
  box.addEventListener('change', () => localStorage.setItem(SWITCH, box.checked ? 'on' : 'off'), { signal });
}

function switchedOn() {
  return localStorage.getItem(SWITCH) !== 'off';
}
