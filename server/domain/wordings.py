"""The exact words people agree to. A changed word is a new version: the ledger keeps text and hash.

Own drafts; a lawyer signs them before they are used for real.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.domain.accounts import consent_channel
from server.domain.consents import ANY, WITHOUT_CHANNEL, Matter, Purpose
from server.domain.customers import Contact
from server.domain.errors import Invalid
from server.domain.jobs import Job
from server.domain.partners import Partner

CHANNEL = (
    "Ich möchte, dass {company} mir Fragen, Fotos und Termine zu meinem Auftrag über {channel} an {number} schickt. "
    "{provider} Ich kann das jederzeit mit STOP{link} oder im Büro widerrufen; was bis dahin geschah, bleibt "
    "rechtmäßig. Ohne Einwilligung erreicht mich der Betrieb per {otherwise}."
)
ADVERTISING = (
    "Ich möchte, dass {company} mir auch Angebote und Neuigkeiten über {channel} an {number} schickt. {provider} "
    "Ich kann das jederzeit mit STOP{link} oder im Büro widerrufen; mein Auftrag hängt nicht davon ab."
)
SHARING = (
    "{company} darf die ausgewählten Fotos meiner Baustelle {site} an {firm} geben, damit diese {work} ausführt. "
    "Mit {firm} besteht ein Vertrag zum Umgang mit diesen Daten. Ich kann das jederzeit mit STOP{link} oder im Büro "
    "widerrufen; was bis dahin geschah, bleibt rechtmäßig."
)
REFERENCE = (
    "{company} darf Fotos meiner Baustelle ohne meinen Namen und ohne Anschrift als Referenz zeigen. Ich kann das "
    "jederzeit mit STOP{link} oder im Büro widerrufen; was bis dahin geschah, bleibt rechtmäßig."
)
WITHDRAWAL = "Widerruf der Einwilligung für {channel}: „{said}“"
SUSPENSION = "Einwilligung für {channel} ruht, bis sie bestätigt ist: {why}"
FIRST_MESSAGE = "Hier schreibt {company} über {channel} zu Ihrem Auftrag. Mit STOP beenden Sie das jederzeit."

_IN_USA = "{name} verarbeitet dabei auch in den USA Daten über meine Nutzung."
# What people call the messenger, and what its use means for them (seats: messaging-channels.md, mission-features.md).
PROVIDERS = {
    "whatsapp": ("WhatsApp", _IN_USA.format(name="Meta")),
    "messenger": ("Facebook Messenger", _IN_USA.format(name="Meta")),
    "telegram": (
        "Telegram",
        "Telegram verarbeitet dabei auch außerhalb der EU Daten über meine Nutzung und kann Nachrichten mitlesen.",
    ),
    "signal": ("Signal", _IN_USA.format(name="Signal")),
    "threema": ("Threema", "Threema verarbeitet dabei in der Schweiz Daten über meine Nutzung."),
    "email": ("E-Mail", "E-Mails sind unterwegs nicht durchgehend verschlüsselt."),
    "sms": ("SMS", "SMS sind unterwegs nicht verschlüsselt."),
}
_UNKNOWN = "Der Anbieter verarbeitet dabei Daten über meine Nutzung."
_ANY_NUMBER = "meine Nummer"
_NO_NUMBER = {"telegram": "mein Konto dort", "messenger": "mein Konto dort", "email": "meine Adresse"}


def label(channel: str) -> str:
    """Return what people call a channel."""
    return PROVIDERS.get(channel, (channel, ""))[0]


def for_channel(*, company: str, channel: str, number: str, link: str = "", advertising: bool = False) -> str:
    """Return the words of a consent for one channel; `number` is where it arrives, `link` where it can be withdrawn."""
    name, provider = PROVIDERS.get(channel, (channel, _UNKNOWN))
    return (ADVERTISING if advertising else CHANNEL).format(
        company=company,
        channel=name,
        provider=provider,
        number=number or _NO_NUMBER.get(channel, _ANY_NUMBER),
        link=_link(link),
        otherwise="Telefon oder Brief" if channel == "email" else "Telefon, Brief oder E-Mail",
    )


def for_sharing(*, company: str, site: str, firm: str, work: str, link: str = "") -> str:
    """Return the words that let photos of one job go to one partner; `work` is what he does there."""
    return SHARING.format(
        company=company, site=site, firm=firm, work=work or "ihre Arbeit", link=_link(link)
    ).replace("  ", " ")


def for_reference(*, company: str, link: str = "") -> str:
    """Return the words that let photos be shown to others."""
    return REFERENCE.format(company=company, link=_link(link))


@dataclass(frozen=True, slots=True)
class Topic:
    """What somebody is asked to agree to; passing photos on names the job and the partner."""

    channel: str
    purpose: Purpose = Purpose.SERVICE
    job: Job | None = None
    partner: Partner | None = None

    @property
    def complete(self) -> bool:
        """Say whether all is named that its words need."""
        return self.purpose is not Purpose.THIRD_PARTY or bool(self.job and self.partner)

    @property
    def matter(self) -> Matter:
        if self.purpose is Purpose.THIRD_PARTY and self.job and self.partner:
            return Matter(ANY, self.purpose, self.job.id, self.partner.id)
        alone = self.purpose in WITHOUT_CHANNEL
        return Matter(ANY if alone else consent_channel(self.channel), self.purpose)

    def words(self, contact: Contact, *, company: str, link: str = "") -> str:
        """Return the exact words this person agrees to. Raises Invalid where job or partner are missing."""
        if self.purpose is Purpose.THIRD_PARTY:
            if self.job is None or self.partner is None:
                raise Invalid("consent.no_job_or_partner", field="partner")
            site = f"„{self.job.site or self.job.title}“"
            firm, work = self.partner.name, self.partner.trade
            return for_sharing(company=company, site=site, firm=firm, work=work, link=link)
        if self.purpose is Purpose.REFERENCE:
            return for_reference(company=company, link=link)
        return for_channel(
            company=company,
            channel=consent_channel(self.channel),
            number=contact.reached_at(self.channel),
            link=link,
            advertising=self.purpose is Purpose.ADVERTISING,
        )


@dataclass(frozen=True, slots=True)
class ChannelWords:
    """The words for one messenger, with `{number}` where they say where messages go; `instead` where nothing is known."""

    kind: str
    name: str
    service: str
    advertising: str
    instead: str


@dataclass(frozen=True, slots=True)
class PartnerWords:
    """The words that let one job's photos go to one partner, with `{site}` in them."""

    id: UUID
    name: str
    sharing: str


@dataclass(frozen=True, slots=True)
class PhoneWords:
    """All words a phone keeps to show without network; `version` changes with any of them."""

    version: str
    channels: tuple[ChannelWords, ...]
    reference: str
    partners: tuple[PartnerWords, ...]


def for_phones(
    *, company: str, channels: Sequence[str], partners: Sequence[tuple[UUID, str, str]]
) -> PhoneWords:
    """Return what phones keep; `partners` are (id, name, what he does)."""
    messengers = tuple(
        ChannelWords(
            kind,
            label(kind),
            for_channel(company=company, channel=kind, number="{number}"),
            for_channel(company=company, channel=kind, number="{number}", advertising=True),
            _NO_NUMBER.get(kind, _ANY_NUMBER),
        )
        for kind in channels
    )
    firms = tuple(
        PartnerWords(ident, name, for_sharing(company=company, site="{site}", firm=name, work=work))
        for ident, name, work in partners
    )
    reference = for_reference(company=company)
    version = hashlib.sha256(repr((messengers, reference, firms)).encode()).hexdigest()[:16]
    return PhoneWords(version, messengers, reference, firms)


def withdrawal(*, channel: str, said: str) -> str:
    """Return the words of a withdrawal: what the person said or did."""
    return WITHDRAWAL.format(channel=_about(channel), said=said)


def suspension(*, channel: str, why: str) -> str:
    """Return the words of a consent that waits to be confirmed."""
    return SUSPENSION.format(channel=_about(channel), why=why)


def first_message(*, company: str, channel: str, privacy: str, imprint: str) -> str:
    """Return what the first message to somebody says about itself (G8); "" for a firm that has neither address yet.

    It holds for who agreed and for who wrote first alike.
    """
    places = (("Datenschutz", privacy), ("Impressum", imprint))
    links = " · ".join(f"{name}: {url}" for name, url in places if url)
    words = FIRST_MESSAGE.format(company=company, channel=label(channel))
    return f"{words} {links}" if links else ""


def _about(channel: str) -> str:
    return "Weitergabe und Referenz" if channel == "any" else label(channel)


def _link(link: str) -> str:
    return f", über {link}" if link else ""
