"""WebKitGTK from the system's packages: WebKitWebDriver drives a small window program of ours with a lasting profile.

MiniBrowser, which comes with WebKit, always opens a private session under automation; hence webkit_window.py.
"""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import httpx
import psutil
from PIL import ImageGrab

from tests.browser.phones import NotHere
from tests.browser.phones.remote import HttpWire, RemotePhone
from tests.ports import free_port
from tests.processes import power_off

START_S = 60.0
END_S = 30.0
SIZE = (360, 740)  # as in webkit_window.py
WINDOW = Path(__file__).with_name("webkit_window.py")
# The Python of the distribution has GTK's bindings; the virtual environment must not see them.
SYSTEM_PYTHON = "/usr/bin/python3"
CAN_DRAW = "import gi; gi.require_version('WebKit2', '4.1'); from gi.repository import WebKit2"
CAPABILITIES = {
    "browserName": "Zollstock",
    "unhandledPromptBehavior": "accept",
    "webkitgtk:browserOptions": {"binary": str(WINDOW), "args": []},
}


@cache
def missing() -> str | None:
    """Say which package is not there, or None."""
    for name in ("WebKitWebDriver", "Xvfb"):
        if shutil.which(name) is None:
            return f"needs {name} from the system's packages"
    try:
        done = subprocess.run([SYSTEM_PYTHON, "-c", CAN_DRAW], capture_output=True, timeout=60, check=False)
    except OSError:
        return f"needs {SYSTEM_PYTHON}"
    return None if done.returncode == 0 else "needs python3-gi and gir1.2-webkit2-4.1"


class WebKitPhone(RemotePhone):
    engine = "webkit"

    def __init__(self, profile: Path, *, private: bool = False) -> None:
        super().__init__(profile)
        self._private = private
        self._driver: subprocess.Popen[bytes] | None = None
        self._screen: subprocess.Popen[bytes] | None = None
        self._display = ""

    def start(self) -> None:
        self._display = self._show()
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "de_DE.UTF-8",
            "DISPLAY": self._display,
            "HOME": str(self.profile),
            "XDG_RUNTIME_DIR": str(self.profile),
            "GDK_BACKEND": "x11",
            "NO_AT_BRIDGE": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            "ZOLLSTOCK_PROFILE": "" if self._private else str(self.profile / "kept"),
        }
        self._driver = subprocess.Popen(
            [shutil.which("WebKitWebDriver") or "", f"--port={port}"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await(port)
        self._begin(HttpWire(port, CAPABILITIES))

    def _show(self) -> str:
        """Start a screen nobody sees and return its name; it chooses a free one itself."""
        reading, writing = os.pipe()
        words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x1000x24", "-nolisten", "tcp"]
        self._screen = subprocess.Popen(
            words, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        assert number, "Xvfb does not start"
        return f":{number}"

    def _await(self, port: int) -> None:
        until = time.monotonic() + START_S
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/status", timeout=2)
                return
            except httpx.TransportError:
                assert time.monotonic() < until, "WebKitWebDriver does not start"
                time.sleep(0.05)

    def offline(self, on: bool) -> None:
        raise NotHere("WebKitGTK has no switch for the network; stop the server instead")

    def picture(self, to: Path) -> None:
        """What the screen shows: the driver's own picture waits for ever while the camera runs."""
        ImageGrab.grab(xdisplay=self._display).crop((0, 0, *SIZE)).save(to)

    def kill(self) -> None:
        power_off(self._own())
        self._let_go()
        self._stop()

    def close(self) -> None:
        """Leave as a person does; what WebKit still writes belongs to this phone's next start, which waits for it."""
        leaving = self._own()
        self._let_go()
        self._stop()
        _, left = psutil.wait_procs(leaving, timeout=END_S)
        for process in left:
            process.kill()

    def _own(self) -> list[psutil.Process]:
        """Return the processes whose home is this phone's: the window and the processes of WebKit."""
        own = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("HOME") == str(self.profile) and process.name() != "WebKitWebDriver":
                    own.append(process)
        return own

    def _stop(self) -> None:
        for process in (self._driver, self._screen):
            if process is not None:
                process.terminate()
                process.wait(timeout=END_S)
        self._driver = self._screen = None
