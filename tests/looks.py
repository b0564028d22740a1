"""What tests look up and no page asks for: read with the same functions, put together here."""

from uuid import UUID

from server.db import conversations, messages
from server.domain.conversations import Conversation, ConversationState, key_of_contact
from server.domain.messages import Direction, Message


async def from_customers(company_id: UUID) -> list[Message]:
    """Return what customers wrote, newest first; what a chat's export tells is no news."""
    said = await messages.found(company_id, direction=Direction.IN, chat_import_id=None)
    return sorted(said, key=lambda one: (one.created_at, one.id), reverse=True)


async def unseen(company_id: UUID) -> list[Message]:
    """Return what customers wrote and nobody at the office has seen, oldest first."""
    return await messages.found(company_id, direction=Direction.IN, seen_by_office_at=None)


async def of_job(company_id: UUID, job_id: UUID) -> list[Message]:
    """Return a job's messages, both directions, in the order they were said."""
    return await messages.found(company_id, job_id=job_id)


async def thread_of(company_id: UUID, contact_id: UUID) -> Conversation:
    found = await conversations.by_key(company_id, key_of_contact(contact_id))
    assert found
    return found


async def number_waiting(company_id: UUID) -> int:
    """Return how many people wait for an answer."""
    found = await conversations.search(company_id, states=tuple(ConversationState), limit=500)
    return sum(one.waiting_since is not None for one in found.items)
