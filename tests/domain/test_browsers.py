"""What browsers call themselves, as seen in 2025 and 2026."""

import pytest

from server.domain.browsers import browser_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 8"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko)"

AGENTS = [
    (f"{IPHONE} Version/18.6 Mobile/15E148 Safari/604.1", "safari", True, ""),
    (IPHONE.replace("iPhone; CPU iPhone OS 18_6", "iPad; CPU OS 17_7") + " Version/17.7 Mobile/15E148 Safari/604.1", "safari", True, ""),
    (f"{IPHONE} CriOS/140.0.7339.39 Mobile/15E148 Safari/604.1", "ios_browser", True, ""),
    (f"{IPHONE} FxiOS/142.0 Mobile/15E148 Safari/605.1.15", "ios_browser", True, ""),
    (f"{IPHONE} Version/18.0 EdgiOS/139.0.3405.86 Mobile/15E148 Safari/605.1.15", "ios_browser", True, ""),
    (f"{IPHONE} GSA/382.0.7 Mobile/15E148 Safari/604.1", "in_app", True, "Google"),
    (f"{IPHONE} Mobile/22G86 Instagram 397.0.0.24.84 (iPhone15,3; iOS 18_6; de_DE; de; scale=3.00)", "in_app", True, "Instagram"),
    (f"{IPHONE} Mobile/22G86 [FBAN/FBIOS;FBAV/529.0.0.39.107;FBBV/781;FBDV/iPhone14,5;FBLC/de_DE]", "in_app", True, "Facebook"),
    (f"{IPHONE} Mobile/22G86 [FBAN/MessengerForiOS;FBAV/520.0;FBDV/iPhone14,5]", "in_app", True, "Messenger"),
    (f"{IPHONE} Mobile/15E148 WhatsApp/2.25.22.78", "in_app", True, "WhatsApp"),
    (f"{IPHONE} Version/18.6 Mobile/15E148 Safari/604.1 Telegram-iOS/11.14", "in_app", True, "Telegram"),
    (f"{IPHONE} Mobile/22G86 [LinkedInApp]/9.31.1", "in_app", True, "LinkedIn"),
    (f"{IPHONE} Mobile/22G86 musical_ly_41.2.0 BytedanceWebview/d8a21c6", "in_app", True, "TikTok"),
    (f"{IPHONE} Mobile/15E148", "in_app", True, ""),
    (f"{PIXEL}) {CHROME} Chrome/140.0.0.0 Mobile Safari/537.36", "android", False, ""),
    (f"{PIXEL}) {CHROME} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "android", False, ""),
    (f"{PIXEL}; rv:142.0) Gecko/142.0 Firefox/142.0", "android", False, ""),
    (f"{PIXEL}; wv) {CHROME} Version/4.0 Chrome/139.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/527.0;]", "in_app", False, "Facebook"),
    (f"{PIXEL}; wv) {CHROME} Version/4.0 Chrome/139.0 Mobile Safari/537.36 Telegram-Android/11.13 (Google Pixel 8; Android 15)", "in_app", False, "Telegram"),
    (f"{PIXEL}; wv) {CHROME} Version/4.0 Chrome/139.0 Mobile Safari/537.36 Instagram 390.0 Android", "in_app", False, "Instagram"),
    (f"{PIXEL}; wv) {CHROME} Version/4.0 Chrome/139.0 Mobile Safari/537.36", "in_app", False, ""),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", "other", False, ""),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "other", False, ""),
    ("", "other", False, ""),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "surface", "ios", "app"), AGENTS)
def test_each_browser_is_told_its_own_way(agent: str, surface: str, ios: bool, app: str) -> None:
    found = browser_of(agent)
    assert (found.surface, found.ios, found.app) == (surface, ios, app)
