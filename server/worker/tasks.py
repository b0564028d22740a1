"""Every kind of background work: its name, the action that does it, how often it is tried."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from server.actions import (
    by_itself,
    calls,
    channels,
    checkups,
    contact_mergers,
    import_runs,
    inbox,
    messages,
    outbox,
    outgoing,
    pushes,
    releases,
    renditions,
    sessions,
    speech_steps,
    sweep,
    templates,
    trash,
    uploads,
)
from server.actions.chores import forget_done
from server.services import Services

Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Kind:
    """Work for one company; after `max_attempts` failures a human is asked."""

    action: Callable[[Services, UUID, Payload], Awaitable[None]]
    max_attempts: int = 10


@dataclass(frozen=True, slots=True)
class Chore:
    """Work for the whole installation, due every `every_s` seconds; twice does no harm."""

    action: Callable[[Services], Awaitable[object]]
    every_s: int


# Waits for its platform most of the time: many of it run at once, and neither they nor the others wait for each other.
SEND = "message.send"

TASKS: dict[str, Kind] = {
    "photo.render": Kind(renditions.render, max_attempts=5),
    "photo.released": Kind(releases.photo_released),
    "question.prepare": Kind(outgoing.prepare),
    "speech.prepare": Kind(speech_steps.prepare),
    "reply.by_itself": Kind(by_itself.answer, max_attempts=3),
    "message.mark_read": Kind(channels.mark_read, max_attempts=3),
    SEND: Kind(messages.deliver, max_attempts=50),
    "inbox.process": Kind(inbox.process, max_attempts=20),
    "inbox.replay": Kind(inbox.replay, max_attempts=20),
    "push.send": Kind(pushes.deliver, max_attempts=4),
    "templates.sync": Kind(templates.sync_again, max_attempts=5),
    "chat.import": Kind(import_runs.run, max_attempts=5),
    "contact.bring_along": Kind(contact_mergers.bring_along),
    "media.fetch": Kind(channels.fetch_media, max_attempts=8),
}

CHORES = {
    "uploads.expire": Chore(uploads.expire, every_s=3600),
    trash.CHORE: Chore(trash.empty, every_s=6 * 3600),
    "photos.sweep": Chore(sweep.sweep, every_s=6 * 3600),
    "sessions.forget_tries": Chore(sessions.forget_tries, every_s=6 * 3600),
    "phones.remind": Chore(pushes.remind, every_s=15 * 60),
    "calls.remind": Chore(calls.remind, every_s=15 * 60),
    "channels.check": Chore(checkups.check_all, every_s=3600),
    "outbox.watch": Chore(outbox.watch, every_s=60),
    "inbox.prune": Chore(outbox.prune, every_s=6 * 3600),
    "tasks.forget": Chore(forget_done, every_s=6 * 3600),
}
