"""Who may change something: our own page or a program with a token, never another site's page."""

import pytest
from starlette.datastructures import Headers

from server.web.middleware import own_request

HOST = {"host": "zollstock.example"}


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://zollstock.example"}, False),
        ({"origin": "https://zollstock.example"}, True),
        ({"origin": "https://zollstock.example.evil"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
        ({"authorization": "Bearer abc"}, True),
        ({"authorization": "Bearer abc", "cookie": "zollstock=x"}, False),
        ({"authorization": "Basic abc"}, False),
    ],
)
def test_origin(headers: dict[str, str], own: bool) -> None:
    assert own_request(Headers(HOST | headers)) is own
