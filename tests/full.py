"""How much of a proof runs each time: a share in `make test`, all of it with ZOLLSTOCK_FULL=1 (`make chaos`)."""

import os


def full(whole: int, *, else_: int) -> int:
    """Return the full size when it is asked for, else the share."""
    return whole if os.environ.get("ZOLLSTOCK_FULL") == "1" else else_
