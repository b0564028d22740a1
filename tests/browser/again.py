"""How often the tests of a file are begun, so that what each of them uses up is there for all of them."""

import pytest


def beginnings(request: pytest.FixtureRequest) -> int:
    """Return how many tests of this file a run may begin, those that are begun again with them."""
    again: int = request.config.getoption("max_suite_reruns")
    return sum(item.path == request.path for item in request.session.items) + again
