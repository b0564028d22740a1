"""What somebody agrees to at a sticker: he says who he is, and nobody has checked it.

It is written into the ledger only for a person of the job's customer with exactly this number, and never over a
withdrawal: a neighbour with a pen must not be able to undo a STOP. Everything else waits in the office's inbox.
"""

from datetime import datetime

from server.actions import consents, conversations
from server.actions.customers import checked_phone
from server.db import accounts as accounts_db
from server.db import companies, customers, jobs
from server.db import consents as consents_db
from server.db.unit import atomic, signal
from server.domain.consents import Proof, Purpose, Word, word_of
from server.domain.customers import Contact
from server.domain.errors import Invalid, NotFound
from server.domain.evidence import Evidence
from server.domain.stickers import Sticker, to_office
from server.domain.texts import line
from server.domain.users import system
from server.domain.wordings import Topic, for_channel, label
from server.ids import new_id

# Messengers that reach a person by the number he types; the others need a chat he begins.
BY_NUMBER = ("whatsapp", "signal")
HIS_NUMBER = "die Nummer, die ich hier eintrage,"


async def offered(sticker: Sticker) -> list[str]:
    """Return the messengers that can be agreed to here: WhatsApp, by hand if need be, and connected ones."""
    accounts = await accounts_db.of_company(sticker.company_id)
    connected = {one.kind for one in accounts if one.disabled_at is None} | {"whatsapp"}
    return [kind for kind in BY_NUMBER if kind in connected]


async def words(sticker: Sticker, channel: str) -> str:
    """Return the exact words as they stand on the page. Raises NotFound."""
    company = await companies.by_id(sticker.company_id)
    if company is None:
        raise NotFound("company.unknown")
    return for_channel(company=company.name, channel=channel, number=HIS_NUMBER)


@atomic
async def agree(sticker: Sticker, *, name: str, phone: str, channel: str, at: datetime) -> None:
    """Take somebody's word. Raises Invalid for a number that cannot be, or a messenger that is not offered."""
    if channel not in await offered(sticker):
        raise Invalid("channel.unknown", field="")
    number = checked_phone(phone).e164
    name = line(name, "name", limit=100, required=True)
    if not number:
        raise Invalid("contact.phone", field="phone")
    contact = await _known(sticker, number)
    word = await _word(contact, channel) if contact else None
    if word is Word.GIVEN:
        return
    if contact is not None and word is Word.NONE:
        where = f"am Aufkleber {sticker.number} eingetragen: {name}, {number}"
        shown = Evidence(Proof.LINK, where, wording=await words(sticker, channel))
        await consents.grant(system(sticker.company_id), contact, Topic(channel), shown, at=at)
        return
    await _tell_office(sticker, name, number, channel, at=at)


async def _known(sticker: Sticker, number: str) -> Contact | None:
    """Return the one person of the job's customer with this number; two of them are a question for a human."""
    job = await jobs.by_id(sticker.company_id, sticker.job_id)
    people = await customers.contacts_by_phone(sticker.company_id, [number])
    his = [one for one in people if job and one.customer_id == job.customer_id and one.archived_at is None]
    return his[0] if len(his) == 1 else None


async def _word(contact: Contact, channel: str) -> Word:
    lines = await consents_db.of_contact(contact.company_id, contact.id)
    return word_of(lines, channel, Purpose.SERVICE)


async def _tell_office(sticker: Sticker, name: str, number: str, channel: str, *, at: datetime) -> None:
    text = (
        f"Am Aufkleber zugestimmt: Nachrichten über {label(channel)} an {number}. Bitte prüfen, wer das ist, und die "
        "Einwilligung dann beim Ansprechpartner festhalten."
    )
    message = to_office(sticker, id=new_id(), text=text, name=name, at=at)
    await jobs.hold(sticker.company_id, sticker.job_id)
    await conversations.keep(message)
    signal("messages", sticker.company_id, message=str(message.id), job=str(sticker.job_id))
