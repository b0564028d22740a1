"""The messengers' side of the wire, for the demo and the tests."""

from server.sandbox.app import Sandbox, create_sandbox
from server.sandbox.wire import Wire
from server.sandbox.world import HOSTILE, Fault, Whims

__all__ = ["HOSTILE", "Fault", "Sandbox", "Whims", "Wire", "create_sandbox"]
