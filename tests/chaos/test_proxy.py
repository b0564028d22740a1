"""The proxy does to a connection what its name says, and nothing else; the far side is a plain echo of requests."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from tests.chaos.faults import (
    PORTAL_PAGE,
    Cut,
    Fault,
    LoseAnswer,
    Plan,
    Portal,
    Refused,
    Slow,
    Stall,
    Twice,
)
from tests.chaos.proxy import Link, Proxy

PATIENCE_S = 60.0
BODY = bytes(range(256)) * 200
LINES: list[http.client.HTTPConnection] = []


class Far(BaseHTTPRequestHandler):
    """Answers each POST with the size of its body and remembers the body."""

    protocol_version = "HTTP/1.1"
    got: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        want = int(self.headers["Content-Length"])
        body = self.rfile.read(want)
        self.got.append(body)
        if len(body) < want:
            return
        answer = str(len(body)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Yield a proxy before a fresh far side."""
    Far.got = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Far)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        with Proxy(server.server_address[1]) as opened:
            yield opened
    finally:
        while LINES:
            LINES.pop().close()
        server.shutdown()
        server.server_close()


def post(line: http.client.HTTPConnection, body: bytes = BODY) -> str:
    line.request("POST", "/", body=body)
    return line.getresponse().read().decode()


def dialled(
    proxy: Proxy, fault: Fault | None = None, *, timeout: float = PATIENCE_S
) -> http.client.HTTPConnection:
    proxy.faults = lambda: fault
    LINES.append(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout))
    return LINES[-1]


def lost(proxy: Proxy, fault: Fault, *, before: int = 0) -> None:
    """So many requests are answered on this connection, the next one is not."""
    line = dialled(proxy, fault)
    for _ in range(before):
        assert post(line) == str(len(BODY))
    with pytest.raises((OSError, http.client.HTTPException)):
        post(line)


def heard(count: int) -> None:
    """Wait until the far side has heard so many requests."""
    until(lambda: len(Far.got) >= count)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_no_fault_changes_nothing_and_counts(proxy: Proxy) -> None:
    line = dialled(proxy)
    assert [post(line) for _ in range(3)] == [str(len(BODY))] * 3
    assert Far.got == [BODY] * 3
    assert 3 * len(BODY) < proxy.bytes["up"] < 3 * len(BODY) + 1_000
    assert proxy.connections == 1


def test_cut_at_byte_n_up(proxy: Proxy) -> None:
    lost(proxy, Cut(up=20_000))
    heard(1)
    assert proxy.bytes["up"] == 20_000
    assert BODY.startswith(Far.got[0]) and 19_000 < len(Far.got[0]) < 20_000


def test_cut_at_byte_n_down_means_the_server_has_done_it(proxy: Proxy) -> None:
    lost(proxy, Cut(down=10))
    assert (Far.got, proxy.bytes["down"]) == ([BODY], 10)


def test_cut_before_the_first_byte(proxy: Proxy) -> None:
    lost(proxy, Cut(up=0))
    assert (Far.got, proxy.bytes["up"]) == ([], 0)


def test_lost_answer(proxy: Proxy) -> None:
    lost(proxy, LoseAnswer(turn=2), before=2)
    assert Far.got == [BODY] * 3


def test_twice_at_once(proxy: Proxy) -> None:
    line = dialled(proxy, Twice(turn=1))
    post(line, b"first"), post(line, b"second"), post(line, b"third")
    heard(4)
    assert sorted(Far.got) == [b"first", b"second", b"second", b"third"]


def test_twice_after_the_answer(proxy: Proxy) -> None:
    line = dialled(proxy, Twice(turn=0, late_s=0.05))
    assert (post(line, b"first"), post(line, b"second")) == ("5", "6")
    heard(3)
    assert sorted(Far.got) == [b"first", b"first", b"second"]


def test_portal_answers_itself(proxy: Proxy) -> None:
    line = dialled(proxy, Portal())
    assert [post(line) for _ in range(2)] == [PORTAL_PAGE.decode()] * 2
    assert Far.got == []


def test_refused(proxy: Proxy) -> None:
    lost(proxy, Refused())


def test_stall_holds_the_line_open(proxy: Proxy) -> None:
    line = dialled(proxy, Stall(up=30_000, for_s=60), timeout=0.3)
    with pytest.raises(TimeoutError):
        post(line)
    assert proxy.bytes["up"] <= 30_000


def test_a_stall_ends(proxy: Proxy) -> None:
    line = dialled(proxy, Stall(up=30_000, for_s=0.2))
    began = time.monotonic()
    assert post(line) == str(len(BODY))
    assert time.monotonic() - began >= 0.2


def test_slow_connection_leaves_others_alone(proxy: Proxy) -> None:
    slow = dialled(proxy, Slow(rate=100_000))
    began = time.monotonic()
    assert post(slow) == str(len(BODY))
    assert time.monotonic() - began >= len(BODY) / 100_000 - 0.1
    assert post(dialled(proxy)) == str(len(BODY))


def test_the_link_has_a_rate_and_a_delay(proxy: Proxy) -> None:
    proxy.link = Link(up=200_000, down=200_000, delay_s=0.1)
    began = time.monotonic()
    assert post(dialled(proxy)) == str(len(BODY))
    # Handshake, the bytes, and one way there and back.
    assert time.monotonic() - began >= 0.2 + len(BODY) / 200_000 + 0.2 - 0.1
    proxy.link = Link()
    assert post(dialled(proxy)) == str(len(BODY))


def test_cut_now_and_shut(proxy: Proxy) -> None:
    line = dialled(proxy, Stall(up=0, for_s=2 * PATIENCE_S))

    def cut_what_is_open() -> None:
        until(lambda: proxy.open)
        proxy.cut()

    cutting = threading.Thread(target=cut_what_is_open)
    cutting.start()
    with pytest.raises((OSError, http.client.HTTPException)) as lost_line:
        post(line)
    assert not isinstance(lost_line.value, TimeoutError)
    cutting.join()
    proxy.shut = True
    lost(proxy, Slow())
    proxy.shut = False
    assert post(dialled(proxy)) == str(len(BODY))


def test_a_far_side_that_is_away_is_a_cut(proxy: Proxy) -> None:
    proxy.target_port = 1
    lost(proxy, Slow())


def test_a_plan_repeats_itself() -> None:
    first, again, other = (Plan(seed, share=0.5, bytes_up=1000, stall_s=1) for seed in (7, 7, 8))
    drawn = [first() for _ in range(200)]
    assert drawn == [again() for _ in range(200)] != [other() for _ in range(200)]
    assert len(first.counts) == 9 - 1 and 60 < first.counts["none"] < 140


def test_the_port_answers_on_localhost(proxy: Proxy) -> None:
    with socket.create_connection(("localhost", proxy.port), timeout=PATIENCE_S):
        pass
