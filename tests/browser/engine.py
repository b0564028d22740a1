"""The engine itself, called from a page of it: what no button does, or not that quickly."""

from typing import Any

from playwright.sync_api import Page

from tests.browser.offline_server import Office
from tests.browser.phone import ask, wait_so

CALL = """async ([module, name, ...values]) => {
  const main = document.querySelector('script[src*="js/main.js"]').src;
  const found = await import(main.replace('js/main.js', `js/offline/${module}.js`));
  return (await found[name](...values)) ?? null;
}"""

# Noise is the worst a camera can bring: nothing in it compresses.
KEEP = """async ({ owner, kind, job, fields, width, text }) => {
  const main = document.querySelector('script[src*="js/main.js"]').src;
  const { enqueue } = await import(main.replace('js/main.js', 'js/offline/outbox.js'));
  const draft = { owner, kind, job, captured_at: '2026-11-24T10:42:07.120+01:00', fields };
  if (width) {
    const canvas = new OffscreenCanvas(width, Math.round(width * 0.75));
    const pen = canvas.getContext('2d');
    const image = pen.createImageData(canvas.width, canvas.height);
    const dots = new Uint32Array(image.data.buffer);
    for (let at = 0; at < dots.length; at += 1) dots[at] = (Math.random() * 0xffffff) | 0xff000000;
    pen.putImageData(image, 0, 0);
    draft.file = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.8 });
  }
  if (text) draft.file = new Blob([text], { type: 'video/mp4' });
  return (await enqueue(draft)).id;
}"""

META = """([key, ...value]) => new Promise((resolve) => {
  const open = indexedDB.open('zollstock');
  open.onsuccess = () => {
    const tx = open.result.transaction('meta', 'readwrite');
    const asked = value.length > 0 ? tx.objectStore('meta').put(value[0], key) : tx.objectStore('meta').get(key);
    tx.oncomplete = () => { open.result.close(); resolve(value.length > 0 ? null : asked.result ?? null); };
  };
})"""


def call(page: Page, module: str, name: str, *values: object) -> Any:
    """Call one function of static/js/offline in the page."""
    return page.evaluate(CALL, [module, name, *values])


def keep(
    page: Page,
    owner: str,
    kind: str,
    *,
    job: str | None = None,
    width: int = 0,
    text: str = "",
    **fields: object,
) -> str:
    """Keep one thing as the elements do and return its id; `width` draws a photo, `text` is a small clip."""
    words = {"owner": owner, "kind": kind, "job": job, "fields": fields, "width": width, "text": text}
    return str(page.evaluate(KEEP, words))


def meta(page: Page, key: str) -> Any:
    """Return what stands in the store `meta`."""
    return ask(page, META, [key])


def set_meta(page: Page, key: str, value: object) -> None:
    page.evaluate(META, [key, value])


def until_reported(page: Page, office: Office) -> None:
    """Wait until the office has heard of the phone and the phone knows it: then the page has loaded its sender."""
    wait_so(page, lambda: office.world.states and meta(page, "reported_ms"))
