"""The tests at another moment: `MOMENT="2027-07-15 22:10" python -m pytest -p tests.moments` (UTC; `make moments`).

Only the application's one clock is moved, within the process of the tests: not browsers, not servers they start.
"""

import os
from datetime import UTC, datetime, tzinfo
from unittest.mock import patch

_OFFSET = datetime.fromisoformat(os.environ["MOMENT"]).replace(tzinfo=UTC) - datetime.now(UTC)


class _Moved:
    @staticmethod
    def now(tz: tzinfo) -> datetime:
        return datetime.now(tz) + _OFFSET


patch("server.clock.datetime", _Moved).start()
