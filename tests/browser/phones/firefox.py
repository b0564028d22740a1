"""Firefox ESR from the system's packages, by its own Marionette: no geckodriver, no further library."""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.browser.phones.remote import MarionetteWire, Refused, RemotePhone
from tests.ports import free_port
from tests.processes import power_off, with_children

START_S = 60.0
END_S = 60.0
# The window is never narrower than 500 device pixels: so many to one of CSS make a phone of 360.
SHARPNESS = 500 / 360
HEIGHT = round(740 * SHARPNESS + 86)
PREFS: dict[str, object] = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "intl.accept_languages": "de-DE",
    "layout.css.devPixelsPerPx": f"{SHARPNESS:.4f}",
    "dom.disable_beforeunload": True,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    # An evening in the cellar: at thirty pictures a second one core does nothing but draw the viewfinder.
    "media.navigator.video.default_fps": 5,
    "permissions.default.persistent-storage": 1,
    # Half of a start goes into processes and add-ons that no test looks at; Marionette switches them off too late.
    "browser.startup.page": 0,
    "browser.newtabpage.enabled": False,
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.webextensions.remote": False,
    "extensions.enabledScopes": 0,
    # Else switching the network off leaves our own server reachable.
    "network.manage-offline-status": False,
    "network.disable-localhost-when-offline": True,
}


def program() -> str | None:
    return shutil.which("firefox-esr") or shutil.which("firefox")


def missing() -> str | None:
    return None if program() else "needs firefox-esr from the system's packages"


class FirefoxPhone(RemotePhone):
    engine = "firefox"

    def __init__(self, profile: Path, *, private: bool = False, workers: bool = True) -> None:
        super().__init__(profile)
        self._prefs = PREFS | {
            "dom.serviceWorkers.enabled": workers,
            "browser.privatebrowsing.autostart": private,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        port = free_port()
        prefs = self._prefs | {"marionette.port": port}
        lines = (f"user_pref({quoted(name)}, {quoted(value)});\n" for name, value in prefs.items())
        (self.profile / "user.js").write_text("".join(lines), encoding="utf-8")
        words = [
            "-headless",
            "-no-remote",
            "-profile",
            str(self.profile),
            "-marionette",
            "--remote-allow-system-access",
        ]
        self._process = subprocess.Popen(
            [program() or "", *words, "-width", "500", "-height", str(HEIGHT)],
            env={**os.environ, "MOZ_HEADLESS_WIDTH": "500", "MOZ_HEADLESS_HEIGHT": str(HEIGHT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_S
        while True:
            try:
                return self._begin(MarionetteWire(port))
            except OSError:
                assert time.monotonic() < until, "Firefox does not start"
                time.sleep(0.1)

    def offline(self, on: bool) -> None:
        wire = self.wire
        assert isinstance(wire, MarionetteWire)
        wire.send("Marionette:SetContext", {"value": "chrome"})
        wire.send("WebDriver:ExecuteScript", {"script": "Services.io.offline = arguments[0]", "args": [on]})
        wire.send("Marionette:SetContext", {"value": "content"})

    def kill(self) -> None:
        assert self._process is not None
        power_off(with_children(self._process.pid))
        self._process.wait(timeout=END_S)
        self._let_go()

    def close(self) -> None:
        if self._process is None or self._wire is None:
            return
        with suppress(Refused):
            assert isinstance(self._wire, MarionetteWire)
            self._wire.send("Marionette:Quit", {"flags": ["eForceQuit"]})
        self._let_go()
        try:
            self._process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            self.kill()


def quoted(value: object) -> str:
    """Return a value as JavaScript of a preferences file."""
    return (
        str(value).lower()
        if isinstance(value, bool)
        else repr(value)
        if isinstance(value, int)
        else f'"{value}"'
    )
