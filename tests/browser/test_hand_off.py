"""The share sheet gets files and nothing else, at once after the tap; whatever it answers is said in a sentence."""

import shutil

import pytest

from tests.browser.offline_server import Office
from tests.browser.phone import Phone, wait_so

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

# What a phone has and this browser lacks: a sheet that takes files, asked within the very tap, and a clipboard.
SHEET = """
  window.given = [];
  window.copied = [];
  window.sheet = 'taken';
  window.tapping = false;
  addEventListener('click', () => { window.tapping = true; }, true);
  addEventListener('click', () => { window.tapping = false; });
  navigator.canShare = ({ files }) => files.length > 0;
  navigator.share = async (what) => {
    window.given.push([Object.keys(what), what.files.map((file) => [file.name, file.type, file.size > 100]), window.tapping]);
    if (window.sheet !== 'taken') throw new DOMException('', window.sheet);
  };
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied.push(text); } } });
"""


def test_files_go_alone_words_wait_in_the_clipboard(phone: Phone, office: Office) -> None:
    phone.open("about:blank")
    assert phone.context is not None
    phone.context.add_init_script(SHEET)
    page = phone.open("/handoff")
    share = page.get_by_role("button", name="Fotos teilen")
    share.wait_for()
    assert page.get_by_text("Ohne Teilen").is_hidden()
    for error, words in [
        ("AbortError", "Die Auswahl wurde geschlossen"),
        ("NotAllowedError", "Bitte noch einmal tippen"),
        ("InvalidStateError", "Es wird gerade schon geteilt"),
        ("DataError", "Dieses Handy kann die Fotos so nicht teilen"),
    ]:
        page.evaluate("(name) => { window.sheet = name; }", error)
        share.click()
        page.get_by_text(words).wait_for()
    assert office.world.handed == []
    page.evaluate("() => { window.sheet = 'taken'; }")
    share.click()
    page.get_by_text("Fotos übergeben").wait_for()
    page.get_by_text("Der Text liegt in der Zwischenablage.").wait_for()
    given = page.evaluate("window.given")
    assert len(given) == 5
    for keys, files, tapping in given:
        assert keys == ["files"] and tapping
        assert files == [["Zollstock-1.jpg", "image/jpeg", True], ["Zollstock-2.jpg", "image/jpeg", True]]
    assert set(page.evaluate("window.copied")) == {"Welche Fuge?\n1) Weiß"}
    wait_so(page, lambda: office.world.handed)
    page.wait_for_timeout(100)
    assert office.world.handed == [{"state": "opened", "via": "signal_handoff"}]
