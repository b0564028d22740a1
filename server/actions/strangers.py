"""The firm's answer by itself to somebody nobody knows yet: one message into the chat he began, and it ends there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from server.actions import conversations, fates, introductions, turns
from server.actions.channels import kind_of, open_channel
from server.actions.gate import stranger_gate
from server.actions.introductions import Reach
from server.db import accounts, companies, messages
from server.db import conversations as conversations_db
from server.db.unit import atomic, signal
from server.domain.channels import Blocked, Draft
from server.domain.gate import Open
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Direction, Message, MessageState, window_until
from server.domain.wordings import first_message
from server.services import Services

# A hard cap beside "once in an absence": whoever fills our inbox under fresh names is answered by silence.
PER_PERSON, PERSON_SPAN = 3, timedelta(days=7)
PER_ACCOUNT, ACCOUNT_SPAN = 20, timedelta(hours=1)
# A call that was given up before it left counts as said all the same: silence is always right here.


@atomic
async def answer(
    services: Services, heard: Message, *, intent: UUID, text: str, at: datetime
) -> Message | None:
    """Write the answer to a stranger's message; it leaves by the outbox, where the gate is asked again.

    None where anything stands against it: the gate, the cap, a channel that bills each message (a stranger must not
    empty our credits) or cannot say it now.
    """
    if heard.recipient is None or heard.conversation_id is None or heard.account_id is None:
        return None
    await conversations_db.lock(heard.company_id, heard.conversation_id)
    account = await accounts.by_id(heard.company_id, heard.account_id)
    caps = kind_of(heard.channel).caps
    if account is None or not account.usable or (caps.costs and caps.window is None):
        return None
    message = _row(heard, intent, text, at=at)
    if await _capped(message, at=at) or not isinstance(await stranger_gate(message, at=at), Open):
        return None
    draft = Draft((intent,), text=text, quote=heard.foreign_id, automatic=True)
    until = window_until(heard.at, caps.window)
    reach = Reach(open_channel(services, account), heard.recipient, at, until)
    introduction = uuid5(intent, "introduction")
    planned = introductions.with_words(reach, draft, await _words(message), intent=introduction)
    if isinstance(planned, Blocked):
        return None
    names = await _names(heard)
    for place, step in enumerate(planned.steps):
        row = replace(
            message, id=step.intent_id, kind=step.kind, text=step.text, place=place, step=step.to_json()
        )
        if (
            await conversations.keep(replace(row, introduces=planned.introduces and place == 0), sender=names)
            is None
        ):
            return None
    first = await messages.by_id(heard.company_id, planned.steps[0].intent_id)
    assert first is not None
    await fates.log(first, "message.written", at=at)
    await turns.send_soon(first, at=at)
    signal("messages", heard.company_id, message=str(intent), job="")
    return first


def _row(heard: Message, intent: UUID, text: str, *, at: datetime) -> Message:
    return Message(
        id=intent,
        run_id=intent,
        company_id=heard.company_id,
        contact_id=None,
        job_id=None,
        question_id=None,
        account_id=heard.account_id,
        photo_id=None,
        channel=heard.channel,
        direction=Direction.OUT,
        kind="text",
        text=text,
        recipient=heard.recipient,
        state=MessageState.QUEUED,
        conversation_id=heard.conversation_id,
        context_id=heard.foreign_id or "",
        at=at,
        created_at=at,
        changed_at=at,
    )


async def _capped(message: Message, *, at: datetime) -> bool:
    """Say whether this person, or all strangers of this account together, have been answered often enough."""
    person = {"conversation_id": message.conversation_id, "created_at__gt": at - PERSON_SPAN}
    account = {"account_id": message.account_id, "created_at__gt": at - ACCOUNT_SPAN}
    for only, most in ((person, PER_PERSON), (account, PER_ACCOUNT)):
        said = await messages.found(
            message.company_id, contact_id=None, direction=Direction.OUT, author_id=None, **only
        )
        if len({one.run_id for one in said}) >= most:
            return True
    return False


async def _words(message: Message) -> str:
    """Return who writes, how to stop it and where privacy and imprint stand (G8), "" where that was said here before."""
    said = await messages.found(message.company_id, conversation_id=message.conversation_id, introduces=True)
    company = await companies.by_id(message.company_id)
    if company is None or any(one.state not in (MessageState.STOPPED, MessageState.FAILED) for one in said):
        return ""
    firm = company.profile
    return first_message(
        company=firm.name, channel=message.channel, privacy=firm.privacy_url, imprint=firm.imprint_url
    )


async def _names(heard: Message) -> Sequence[Identity]:
    """Return all names he has written under here, so that the answer stands in this very conversation."""
    assert heard.conversation_id is not None
    found = await conversations_db.senders(heard.company_id, heard.conversation_id)
    return [Identity(IdentityKind(kind), value) for _, kind, value in found]
