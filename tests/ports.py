"""Ports of the loopback for servers that tests start, stop and start again."""

import random
import socket


def free_port() -> int:
    """Return a port nobody listens on, outside the range the system gives to outgoing connections.

    It stays free while its server is down: the same number can be bound again.
    """
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(10_000, 32_000)
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) != 0:
                return port
