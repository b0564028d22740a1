"""Which kind of browser calls: it decides which way to the home screen is shown, never what anybody may do.

An iPhone keeps a browser's data seven days only, and gives an app on the home screen a storage of its own
(offline-pwa.md §2): whoever signs in within the browser signs in a second time in the app.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Surface(StrEnum):
    """Where a page is shown."""

    SAFARI = "safari"
    """Safari on an iPhone or iPad: the share button leads to the home screen."""
    IOS_BROWSER = "ios_browser"
    """Chrome, Firefox or Edge on an iPhone: the same engine, another menu."""
    IN_APP = "in_app"
    """A window inside a messenger or another app: it cannot install, and its storage may go any time."""
    ANDROID = "android"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Browser:
    surface: Surface
    ios: bool
    app: str = ""
    """Name of the app whose window it is, when it says so."""


_IOS = re.compile(r"iPhone|iPad|iPod")
_APPS = (
    (re.compile(r"Instagram"), "Instagram"),
    (re.compile(r"MessengerForiOS|Orca-Android|FBAN/Messenger"), "Messenger"),
    (re.compile(r"FBAN|FBAV|FB_IAB"), "Facebook"),
    (re.compile(r"WhatsApp"), "WhatsApp"),
    (re.compile(r"Telegram"), "Telegram"),
    (re.compile(r"Snapchat"), "Snapchat"),
    (re.compile(r"musical_ly|BytedanceWebview|TikTok"), "TikTok"),
    (re.compile(r"LinkedInApp"), "LinkedIn"),
    (re.compile(r"Twitter|TwitterAndroid"), "X"),
    (re.compile(r"MicroMessenger"), "WeChat"),
    (re.compile(r"\bLine/"), "LINE"),
    (re.compile(r"Threema"), "Threema"),
    (re.compile(r"\bTeams"), "Teams"),
    (re.compile(r"\bGSA/"), "Google"),
)
_IOS_BROWSERS = re.compile(r"CriOS|FxiOS|EdgiOS|OPiOS|OPT/|Brave|DuckDuckGo|YaBrowser")


def browser_of(user_agent: str) -> Browser:
    """Return what a browser says it is. An iPad that asks for desktop pages calls itself a Mac: OTHER."""
    ios = bool(_IOS.search(user_agent))
    if app := next((name for pattern, name in _APPS if pattern.search(user_agent)), ""):
        return Browser(Surface.IN_APP, ios, app)
    if ios and _IOS_BROWSERS.search(user_agent):
        return Browser(Surface.IOS_BROWSER, ios)
    if ios:
        # A web view names neither Safari nor a version; so does an app on the home screen, which scripts recognise.
        return Browser(Surface.SAFARI if "Safari/" in user_agent else Surface.IN_APP, ios)
    if "Android" in user_agent:
        return Browser(Surface.IN_APP if "; wv)" in user_agent else Surface.ANDROID, ios)
    return Browser(Surface.OTHER, ios)
