"""The telephone: nothing leaves from here. A person dials, and what came of it is a note (actions/calls.py)."""

from server.domain.capabilities import Capabilities

CAPS = Capabilities(
    key="phone",
    can_initiate="by_phone",
    window=None,
    human_window=None,
    buttons=0,
    button_title_max=0,
    choice_fallback="list",
    max_text=0,
    text_unit="chars",
    max_caption=0,
    max_image_bytes=0,
    image_mimes=frozenset(),
    receipts=frozenset(),
    inbound="manual",
    echoes=False,
    costs=False,
)
