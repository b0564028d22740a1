"""What one account can do: not all of a kind can do the same, and which mode it is in stands beside its settings."""

from collections.abc import Mapping
from dataclasses import replace

from server.channels.base import Channel, Varies
from server.domain.accounts import Account
from server.domain.capabilities import Capabilities

# Its name among the settings; no field has this one.
MODE = "mode"


def caps_of(account: Account, channel: type[Channel]) -> Capabilities:
    """Return what an account of this channel can do; one that says no mode counts as the most able."""
    modes: Mapping[str, Capabilities] = channel.modes if isinstance(channel, Varies) else {}
    return modes.get(account.settings.get(MODE, ""), channel.caps)


def in_its_mode(account: Account, opened: Channel) -> Account:
    """Return an account that says beside its settings which mode they put it in."""
    if not isinstance(opened, Varies):
        return account
    return replace(account, settings={**account.settings, MODE: opened.mode})
