"""The camera page in three engines: shutter, clip and voice note, each as far as the engine has the means."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.offline_server import JOB, Office
from tests.browser.phones import Phone, engine_params, phone_of
from tests.browser.phones.seeing import TEXT, all_home, wait, wait_standing, wait_text, with_hashes

READY = "() => document.querySelector('.capture-shutter')?.disabled === false"
# WebKitGTK may come without encoders; then neither button stands there.
RECORDS = "() => ['video/mp4', 'video/webm'].some((type) => globalThis.MediaRecorder?.isTypeSupported(type))"
SHOWN = """() => [...document.querySelectorAll('.capture-tool')]
  .filter((one) => one.offsetParent && /Video|Sprache/.test(one.textContent)).length"""
# Two seconds are over, however many more: of the minute of a clip, and of the three of a note.
CLIP_LEFT, NOTE_LEFT = re.compile(r"noch 0:(?!59)"), re.compile(r"noch (?!3:00|2:59)\d")
VIDEO = "//button[contains(., 'Video')]"


@pytest.fixture(params=engine_params())
def phone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Phone]:
    held = phone_of(request.param, tmp_path / "profile")
    held.start()
    yield held
    held.close()


def test_shutter_clip_and_voice(phone: Phone, office: Office) -> None:
    """Everything that was made arrives whole, in the form this engine records."""
    phone.open(f"{office.url}/capture?job={JOB}")
    wait(phone, READY, bool)
    phone.click(".capture-shutter")
    wait_text(phone, ".capture-safe", "✓ 1 auf")
    kinds = ["photo"]
    if phone.evaluate(RECORDS):
        kinds += ["video", "voice"]
        phone.click(VIDEO)
        wait(phone, READY, bool)
        phone.click(".capture-shutter")
        wait(phone, TEXT, CLIP_LEFT.search, ".capture-left")
        phone.click(".capture-shutter")
        wait_text(phone, ".capture-safe", "✓ 2 auf")
        phone.click("//button[contains(., 'Sprache')]")
        phone.click(".voice-button")
        wait(phone, TEXT, NOTE_LEFT.search, "voice-note")
        phone.click(".voice-button")
        wait_text(phone, "voice-note", "✓ Sprachnotiz auf dem Handy gesichert")
    else:
        assert phone.evaluate(SHOWN) == 0
    wait_standing(phone, lambda found: len(found) == len(kinds) and all_home(found))
    kept = with_hashes(phone)
    assert [(row["kind"], row["job"]) for row in kept] == [(kind, JOB) for kind in kinds]
    assert office.hashes() == sorted(row["sha256"] for row in kept)
