"""Puts things onto a phone in whatever state a test needs, through the page's own modules."""

from typing import Any

from playwright.sync_api import Page

FILL = """async ([base, owner, specs]) => {
  const { write } = await import(`${base}js/offline/db.js`);
  const { newId } = await import(`${base}js/lib/ids.js`);
  const { sha256 } = await import(`${base}js/lib/bytes.js`);
  const { localIso } = await import(`${base}js/lib/time.js`);
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const draw = canvas.getContext('2d');
  const thumbOf = async (hue) => {
    draw.fillStyle = `hsl(${hue} 45% 62%)`; draw.fillRect(0, 0, 320, 240);
    for (let n = 0; n < 60; n++) { draw.fillStyle = `hsl(${hue + n} 30% ${30 + (n * 13) % 55}%)`; draw.fillRect((n * 53) % 320, (n * 31) % 240, 46, 30); }
    return (await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.8))).arrayBuffer();
  };
  const made = [];
  for (const [index, { age_s = 60, kind = 'photo', size = 3000, gone = false, thumb = true, hue = index * 47, body = {}, job = null, ...rest }] of specs.entries()) {
    const at = Date.now() - age_s * 1000;
    const bytes = ['photo', 'video', 'voice'].includes(kind) ? crypto.getRandomValues(new Uint8Array(Math.min(size, 60000))).buffer : null;
    const hash = bytes && await sha256(bytes);
    const captured_at = localIso(new Date(at));
    const file = bytes && { sha256: hash, size: bytes.byteLength, mime: 'image/jpeg' };
    const item = {
      id: newId(), owner, kind, job, captured_at, made_ms: at, body: { kind, job, captured_at, ...body, ...file },
      state: 'queued', sha256: hash, size: bytes ? (rest.shown_size ?? bytes.byteLength) : 0, mime: bytes ? 'image/jpeg' : null, announced: false,
      offset: 0, attempts: 0, restarts: 0, next_try: 0, error: null, acked_ms: null, acked_sha256: null, rev: null, ...rest,
    };
    made.push({ item, bytes: gone ? null : bytes, thumb: bytes && thumb ? await thumbOf(hue) : null });
  }
  await write(['items', 'bytes', 'thumbs'], async (tx) => {
    for (const { item, bytes, thumb } of made) {
      tx.objectStore('items').add(item);
      if (bytes) tx.objectStore('bytes').add(bytes, item.id);
      if (thumb) tx.objectStore('thumbs').add(thumb, item.id);
    }
  });
  return made.map(({ item }) => item);
}"""


def fill(page: Page, owner: str, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep one item for each spec and return the rows. The page must be one of ours.

    A spec is any of the row's fields, and `age_s`, `gone` (no bytes), `thumb` False, `body` (its own fields),
    `shown_size` (what the row claims, for looks only).
    """
    made: list[dict[str, Any]] = page.evaluate(FILL, [static_of(page), owner, specs])
    return made


def static_of(page: Page) -> str:
    """Return the address under which a page of ours has its modules, with its version."""
    main = page.locator("script[src*='main.js']").first.get_attribute("src")
    assert main
    return main.removesuffix("js/main.js")
