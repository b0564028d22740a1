"""Addresses that look like a trusted host and lead elsewhere, and a line that notes who was asked.

For everything that follows an address a platform or a customer has given (media, attachments, links):

    for address in tricks("lookaside.fbsbx.com"):
        trap = Trap({...answers of the trusted doors...})
        ... let the channel fetch with httpx.AsyncClient(transport=trap) ...
        assert trap.strangers({"graph.example"}) == []

Sources: RFC 3986 §3.2, WHATWG URL (IPv4 parser, special schemes), Orange Tsai, "A New Era of SSRF" (2017).
"""

from collections.abc import Callable, Iterable

import httpx

Answers = Callable[[httpx.Request], httpx.Response | None]
# The machine itself, the cloud's own words and the private nets, in every writing somebody understands.
_LITERALS = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0",
    "0.0.0.0",
    "127.0.0.1.",
    "127.000.000.001",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "metadata.google.internal",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
)


def tricks(host: str, *, subdomains: bool = False) -> list[str]:
    """Return more than a hundred addresses around a trusted host, none of which a careful client may ask.

    With `subdomains` whatever ends in `.{its domain}` is trusted too: then a name before it is no trick.
    """
    name, _, rest = host.partition(".")
    suffixes = [
        f"https://{host}.evil.example/x",
        f"https://{host}evil.example/x",
        f"https://{host}./x",
        f"https://{host}../x",
        f"https://{name}-{rest}/x",
        f"https://evil.example/{host}/x",
        f"https://evil.example/?u={host}",
        f"https://evil.example#{host}",
        f"https://evil.example?{host}",
        f"https://evil.example;.{host}/x",
        f"https://evil.example%2f.{host}/x",
        f"https://evil.example%00.{host}/x",
        f"https://evil.example%23.{host}/x",
        f"https://evil.example\\.{host}/x",
        f"https://evil.example\\@{host}/x",
        f"https://{host}%2eevil.example/x",
        f"https://{host}%20.evil.example/x",
        f"https://{host}\t.evil.example/x",
        f"https://{host}\n.evil.example/x",
        f"https://{host} .evil.example/x",
        f"https://{host}\u3002evil.example/x",
        f"https://{host}\uff0eevil.example/x",
        f"https://{host}\u2100evil.example/x",
        f"https://{host.replace('o', 'о').replace('e', 'е')}/x",  # Cyrillic letters that look the same
        f"https://xn--{name}-9ob.{rest}.evil.example/x",
    ]
    if not subdomains:
        suffixes += [f"https://evil{host}/x", f"https://evil-{host}/x", f"https://evil.{host}/x"]
    users = [
        f"https://{host}@evil.example/x",
        f"https://{host}:443@evil.example/x",
        f"https://{host}%40evil.example/x",
        f"https://user:password@{host}/x",
        f"https://{host}@{host}/x",
        f"https://evil.example@{host}/x",
        f"https://:@evil.example@{host}/x",
        f"https://{host}\\@evil.example/x",
        f"https://evil.example#@{host}/x",
    ]
    ports = [f"https://{host}:{port}/x" for port in (22, 25, 80, 8443, 65535, 0, 99999)]
    schemes = [
        f"http://{host}/x",
        f"HTTP://{host.upper()}/x",
        f"ftp://{host}/x",
        f"gopher://{host}/x",
        f"ws://{host}/x",
        f"//{host}/x",
        f"///{host}/x",
        f"{host}/x",
        "file:///etc/passwd",
        f"file://{host}/etc/passwd",
        "data:image/jpeg;base64,AAAA",
        "javascript:alert(1)",
        "jar:https://evil.example!/x",
        "unix:/var/run/docker.sock",
        "",
        " ",
        "/x",
        "https://",
        "https:///x",
        "https:x",
    ]
    literals = [f"{scheme}://{literal}/x" for literal in _LITERALS for scheme in ("https", "http")]
    return list(dict.fromkeys([*suffixes, *users, *ports, *schemes, *literals]))


class Trap(httpx.AsyncBaseTransport):
    """A line on which the given doors answer, and every other one would give the secret away: it is only noted."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answers(request) or httpx.Response(200, content=b"the secret of the house")

    def strangers(self, trusted: Iterable[str]) -> list[str]:
        """Return the addresses that were asked and lie at none of the trusted `scheme://host[:port]`."""
        known = set(trusted)
        return [str(one.url) for one in self.asked if _origin(one.url) not in known]


def _origin(url: httpx.URL) -> str:
    port = "" if url.port is None else f":{url.port}"
    user = "user@" if url.userinfo else ""
    return f"{url.scheme}://{user}{url.host}{port}"
