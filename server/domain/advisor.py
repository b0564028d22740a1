"""Whether a messenger may be used: one without seat, transfer basis and date of check stays shut (W17, G26).

The facts are `advisor_facts.py`; `words` names their German sentences for the catalogue.
"""

from collections.abc import Iterator

from server.domain.advice import Advice, complete
from server.domain.advisor_facts import ADVICE

_BY_KIND = {advice.kind: advice for advice in ADVICE}


def advice_of(kind: str) -> Advice | None:
    """Return what is known of a channel; by hand and by API, WhatsApp is WhatsApp."""
    return _BY_KIND.get(kind.removesuffix("_handoff"))


def enableable(kind: str, own: Advice | None = None) -> bool:
    """Say whether a channel may be switched on: seat, transfer basis and the day they were checked are on file (G26).

    `own` is the entry a channel brings along that is not in our list.
    """
    advice = advice_of(kind) or own
    return advice is not None and complete(advice)


def words() -> Iterator[str]:
    """Yield every German sentence of the advisor, for the catalogue."""
    for advice in ADVICE:
        yield from advice.words()
