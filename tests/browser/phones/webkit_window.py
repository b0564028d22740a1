#!/usr/bin/python3
"""A browser window of WebKitGTK that WebKitWebDriver can drive and that keeps its profile.

Runs on the distribution's Python (python3-gi, gir1.2-webkit2-4.1). ZOLLSTOCK_PROFILE names the folder of IndexedDB,
caches and workers; empty means a private session.
"""

import os
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402

# Safari has these switched on; WebKitGTK has them built in and off.
FEATURES = {"StorageAPI", "StorageAPIEstimate", "FileSystem", "FileSystemWritableStream", "AppBadge"}

# The mock camera draws fifteen 4K pictures a second, which is half a core; in the dusk of a cellar it would be fewer.
DUSK = """if (navigator.mediaDevices) {
  const right = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) =>
    right(wanted?.video ? { ...wanted, video: { ...wanted.video, frameRate: 5 } } : wanted);
}"""


def data_manager() -> Any:
    folder = os.environ.get("ZOLLSTOCK_PROFILE")
    if not folder:
        return WebKit2.WebsiteDataManager.new_ephemeral()
    made = WebKit2.WebsiteDataManager(
        base_data_directory=f"{folder}/data", base_cache_directory=f"{folder}/cache"
    )
    # Safari keeps cookies; here they last no longer than the process unless told so.
    Path(folder).mkdir(parents=True, exist_ok=True)
    cookies = made.get_cookie_manager()
    cookies.set_persistent_storage(f"{folder}/cookies", WebKit2.CookiePersistentStorage.SQLITE)
    return made


def settings() -> Any:
    made = WebKit2.Settings(
        hardware_acceleration_policy=WebKit2.HardwareAccelerationPolicy.NEVER,
        enable_media_stream=True,
        enable_mock_capture_devices=True,
    )
    listed = WebKit2.Settings.get_all_features()
    for place in range(listed.get_length()):
        feature = listed.get(place)
        if feature.get_identifier() in FEATURES:
            made.set_feature_enabled(feature, True)
    return made


def scripts() -> Any:
    made = WebKit2.UserContentManager()
    everywhere, begin = WebKit2.UserContentInjectedFrames.ALL_FRAMES, WebKit2.UserScriptInjectionTime.START
    made.add_script(WebKit2.UserScript(DUSK, everywhere, begin, None, None))
    return made


def allow(_view: object, request: Any) -> bool:
    request.allow()
    return True


def main() -> None:
    context = WebKit2.WebContext.new_with_website_data_manager(data_manager())
    context.set_automation_allowed(True)
    shared, content = settings(), scripts()

    def view(*_: object) -> Any:
        made = WebKit2.WebView(
            web_context=context,
            is_controlled_by_automation=True,
            settings=shared,
            user_content_manager=content,
        )
        made.connect("permission-request", allow)
        window = Gtk.Window(default_width=360, default_height=740)
        window.add(made)
        window.show_all()
        return made

    def started(_context: object, session: Any) -> None:
        about = WebKit2.ApplicationInfo()
        about.set_name("Zollstock")
        about.set_version(
            WebKit2.get_major_version(), WebKit2.get_minor_version(), WebKit2.get_micro_version()
        )
        session.set_application_info(about)
        session.connect("create-web-view", view)

    context.connect("automation-started", started)
    Gtk.main()


if __name__ == "__main__":
    main()
