"""Labels: the firm's words for conversations, put on and taken off."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.db import labels, logbook
from server.db.unit import atomic, signal
from server.domain.conversations import Conversation
from server.domain.errors import Conflict, Invalid
from server.domain.labels import LABELS_MAX, NAME_MAX, PRESETS, Label
from server.domain.logbook import Entry
from server.domain.texts import line
from server.domain.users import Actor, Right, require
from server.ids import new_id


async def give_presets(company_id: UUID) -> None:
    """Write the labels every firm begins with; joins the unit that founds it."""
    for place, (code, name) in enumerate(PRESETS):
        await labels.insert_label(company_id, Label(new_id(), company_id, code, name, place))


@atomic
async def make(actor: Actor, name: str, *, at: datetime) -> Label:
    """Make a label. Raises Invalid for a name that is empty, too long or there already, Forbidden."""
    require(actor, Right.SEND)
    known = await labels.of_company(actor.company_id)
    if len(known) >= LABELS_MAX:
        raise Invalid("label.too_many", field="name", max=LABELS_MAX)
    label = Label(
        new_id(), actor.company_id, "", _fresh(name, known), place=max([1, *(one.place for one in known)]) + 1
    )
    await labels.insert_label(actor.company_id, label)
    await _note(actor, "label.made", label, at=at)
    return label


@atomic
async def rename(actor: Actor, label: Label, name: str, *, at: datetime) -> None:
    """Give a label another name. Raises Invalid, Forbidden."""
    require(actor, Right.SEND)
    others = [one for one in await labels.of_company(actor.company_id) if one.id != label.id]
    name = _fresh(name, others)
    if name == label.name:
        return
    await labels.set_name(actor.company_id, label.id, name)
    await _note(actor, "label.renamed", label, at=at, after=name)


@atomic
async def archive(actor: Actor, label: Label, *, at: datetime) -> None:
    """Take a label out of use. Raises Conflict for a preset one, Forbidden."""
    require(actor, Right.SEND)
    if label.code:
        raise Conflict("label.preset")
    await labels.set_archived(actor.company_id, label.id, at=at)
    await _note(actor, "label.archived", label, at=at)


@atomic
async def put(actor: Actor, conversation: Conversation, label_ids: Sequence[UUID], *, at: datetime) -> None:
    """Let a conversation carry exactly these labels. Raises Invalid for one that is unknown, Forbidden."""
    require(actor, Right.SEND)
    names = {one.id: one.name for one in await labels.of_company(actor.company_id)}
    if unknown := [one for one in label_ids if one not in names]:
        raise Invalid("label.unknown", field="labels", id=str(unknown[0]))
    before = await labels.of_conversation(actor.company_id, conversation.id)
    if before == set(label_ids):
        return
    await labels.set_labels(actor.company_id, conversation.id, label_ids)
    entry = Entry.by(
        actor,
        "conversation.labelled",
        "conversation",
        conversation.id,
        at=at,
        before=sorted(names[one] for one in before if one in names),
        after=sorted(names[one] for one in label_ids),
    )
    await logbook.insert_entry(actor.company_id, entry)
    signal("conversations", actor.company_id, conversation=str(conversation.id))


def _fresh(name: str, known: Sequence[Label]) -> str:
    name = line(name, "name", limit=NAME_MAX, required=True)
    if name.casefold() in {one.name.casefold() for one in known}:
        raise Invalid("label.there", field="name")
    return name


async def _note(actor: Actor, verb: str, label: Label, *, at: datetime, **data: object) -> None:
    entry = Entry.by(actor, verb, "label", label.id, at=at, job_id=None, name=label.name, **data)
    await logbook.insert_entry(actor.company_id, entry)
