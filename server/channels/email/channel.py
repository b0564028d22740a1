"""E-mail: out by SMTP, in by IMAP. Our own Message-ID carries the message's name, so answers and bounces find home."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import httpx

from server.channels.base import ChannelError, Field, MediaLoader, Pulled, RawLoader
from server.channels.email.imap import check as check_imap
from server.channels.email.imap import pull
from server.channels.email.mime import Mail, MimeError
from server.channels.email.parse import events
from server.channels.email.plan import CAPS, message, steps
from server.channels.email.settings import FIELDS, mailbox
from server.channels.email.smtp import check as check_smtp
from server.channels.email.smtp import deliver
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Step
from server.domain.checkups import Finding
from server.domain.events import Event, MediaRef
from server.domain.identities import Identity
from server.domain.mail import plus_address
from server.domain.outcomes import MediaFix, Outcome
from server.domain.pace import Pace, Rate

MAX_MEDIA_BYTES = 25_000_000


class Email:
    """One mailbox of the firm. Raises Invalid with the field's name for settings that cannot work."""

    kind: ClassVar[str] = "email"
    label: ClassVar[str] = "E-Mail"
    caps: ClassVar[Capabilities] = CAPS
    # Providers stop accounts that send in masses; a firm's desk writes less.
    pace: ClassVar[Pace] = Pace(Rate(1.0, burst=20))
    fields: ClassVar[tuple[Field, ...]] = FIELDS

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        self._box = mailbox(settings, bases)

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the mails in order, or why it cannot be said. There is no window."""
        return steps(draft, identity, self._box)

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        """Hand the mail to the server once. A resend carries the same Message-ID and is recognisable."""
        files = []
        for picture in step.call["pictures"]:
            data = await media(picture["ref"])
            if hashlib.sha256(data).hexdigest() != picture["sha256"]:
                return MediaFix("the picture is not the one that was planned")
            files.append(data)
        mail = await asyncio.to_thread(message, step.call, self._box, files, at=datetime.now(UTC))
        return await deliver(
            self._box.smtp, self._box.address, step.call["to"], mail, step.call["message_id"]
        )

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        """Mail tells nobody that it was read."""
        return None

    def address_with(self, token: str) -> str:
        """Return `name+token@domain`; "" while the settings do not say that the provider delivers those."""
        return plus_address(self._box.address, token) if self._box.plus else ""

    @property
    def pulls(self) -> bool:
        return True

    def pull(self, cursor: str) -> AsyncIterator[Pulled]:
        """Yield new mails; one with an empty body is only the place to go on from."""
        return pull(self._box, cursor)

    def parse(self, raw: bytes) -> list[Event]:
        """Return what a mail tells: a message with its files, the fate of one of ours, or a copy of ours."""
        return events(raw, self._box.address)

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        """Return a file out of its mail; raises ChannelError `media.gone`, `media.too_large`, `media.damaged`."""
        body = await raw()
        try:
            data = await asyncio.to_thread(lambda: Mail.of(body).part(ref.id).data())
        except MimeError as error:
            raise ChannelError("media.gone", permanent=True, detail=str(error)) from error
        if len(data) > MAX_MEDIA_BYTES:
            raise ChannelError("media.too_large", permanent=True)
        if ref.sha256 and hashlib.sha256(data).hexdigest() != ref.sha256:
            raise ChannelError("media.damaged", permanent=True)
        return data

    async def check(self, hook: str) -> list[Finding]:
        """Log in at both servers and look for the folder."""
        out, received = await asyncio.gather(
            check_smtp(self._box.smtp, self._box.address), check_imap(self._box)
        )
        return [out, *received]
