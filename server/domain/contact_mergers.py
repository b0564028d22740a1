"""Two records of one person become one: what his consents are worth afterwards.

Closed on doubt: a no of either record counts, a yes only for the names it was given for.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from server.domain.acquaintances import Acquaintance
from server.domain.consents import ANY, ConsentVerb, Matter, Word, in_force, word_of
from server.domain.identities import Identity, same_name

Names = Mapping[str, Sequence[Identity]]
"""By which names a person could be written to, by messenger: those the platform told, and that of our book."""


@dataclass(frozen=True, slots=True)
class Held:
    """How much bears one record's name, by table, and how much of it still waits to leave."""

    messages: int
    questions: int
    jobs: int
    photos: int
    calls: int
    names: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Bond:
    """What a merger does to the ledger.

    `withdrawn`: what the record that goes has taken back; it is taken back for the person. `rests`: the messengers in
    which nothing leaves until he writes himself or agrees anew. `set_aside`: what the record that goes had agreed to;
    nobody may go by it any more.
    """

    withdrawn: tuple[Matter, ...]
    rests: tuple[str, ...]
    set_aside: tuple[Matter, ...]

    @property
    def closed(self) -> frozenset[str]:
        """Return the messengers a no came along for."""
        return frozenset(one.channel for one in self.withdrawn) - {ANY}


def bond(gone: Acquaintance, stays: Acquaintance, gone_names: Names, stays_names: Names) -> Bond:
    """Return what the ledger says after `gone` has become part of `stays`.

    A messenger rests where it rested for `gone`; where the two could be written to under different names, for what was
    agreed or written under the one would reach the other; and where `stays` agreed without a name there, and now gets
    one. So nothing opens for a name that was closed for it before.
    """
    newest = in_force(gone.lines)
    agreed = {one.channel for one in in_force(stays.lines) if one.verb is ConsentVerb.GRANTED}
    rests = {
        one.channel
        for one in newest
        if one.channel != ANY
        and word_of(gone.lines, one.channel, one.purpose, wrote_at=gone.wrote_at(one.channel))
        is Word.SUSPENDED
    }
    for channel, names in gone_names.items():
        there = stays_names.get(channel, ())
        fresh = _without(names, there)
        began = gone.wrote_at(channel) is not None and bool(_without(there, names))
        if (fresh and (there or channel in agreed)) or (there and began):
            rests.add(channel)
    return Bond(
        withdrawn=tuple(one.matter for one in newest if one.verb is ConsentVerb.WITHDRAWN),
        rests=tuple(sorted(rests)),
        set_aside=tuple(one.matter for one in newest if one.verb is ConsentVerb.GRANTED),
    )


def _without(names: Collection[Identity], others: Collection[Identity]) -> list[Identity]:
    return [one for one in names if not any(same_name(one, other) for other in others)]
