"""Every verb that is written to the logbook has its sentence."""

import re
from pathlib import Path

from server.domain.consents import ConsentVerb
from server.domain.questions import QuestionState
from server.domain.reviews import VERBS
from server.domain.timeline import TOLD
from server.web.words import sentences

ACTIONS = Path(__file__).parent.parent / "server" / "actions"
# The verb is the second or third argument of whatever writes an entry.
WRITTEN = re.compile(
    r"\b(?:Entry\.by|_note|_log|log|_line)\(\s*(?:\w+(?:\.\w+)*,\s*){1,2}\"([a-z_]+\.[a-z_]+)\""
)


def test_every_verb_has_a_sentence() -> None:
    verbs = {
        verb for path in ACTIONS.glob("*.py") for verb in WRITTEN.findall(path.read_text(encoding="utf-8"))
    }
    assert {"photo.stored", "job.opened", "question.asked"} <= verbs
    verbs |= {f"consent.{verb}" for verb in ConsentVerb} | {f"question.{state}" for state in QuestionState}
    verbs |= {*VERBS.values(), *TOLD}
    assert sorted(verb for verb in verbs if f"verb.{verb}" not in sentences()) == []
