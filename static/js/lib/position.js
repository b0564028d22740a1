// @ts-check
const FRESH_MS = 120_000;

/** Where the phone is, while somebody looks; used only where the company switched positions on. */
export class Position {
  /** @type {GeolocationPosition | null} */
  #fix = null;
  #watch = 0;

  /** @param {() => void} [found] called at the first fix */
  watch(found = () => {}) {
    if (!navigator.geolocation || this.#watch) return;
    const keep = (/** @type {GeolocationPosition} */ fix) => {
      const first = this.#fix === null;
      this.#fix = fix;
      if (first) found();
    };
    this.#watch = navigator.geolocation.watchPosition(keep, () => {}, { enableHighAccuracy: true });
  }

  stop() {
    if (this.#watch) navigator.geolocation.clearWatch(this.#watch);
    this.#watch = 0;
  }

  /** Not older than two minutes, or null. @returns {{ lat: number, lon: number, accuracy_m: number } | null} */
  get now() {
    if (!this.#fix || Date.now() - this.#fix.timestamp > FRESH_MS) return null;
    const { latitude, longitude, accuracy } = this.#fix.coords;
    return { lat: latitude, lon: longitude, accuracy_m: accuracy };
  }
}
