"""One mail over SMTP, and exactly what is known afterwards (RFC 5321 4.2.5, 4.5.3.2)."""

import asyncio
import ssl

import aiosmtplib

from server.channels.email.errors import Stage, outcome_of
from server.channels.email.settings import Server, Tls
from server.domain.checkups import Finding
from server.domain.mail import domain_of
from server.domain.outcomes import Accepted, Outcome, Permanent, Reauth, Retry, Unclear

COMMAND_TIMEOUT_S = 30.0
# Below the time after which a message without an answer counts as doubtful.
SEND_TIMEOUT_S = 100.0


async def deliver(server: Server, sender: str, to: str, mail: bytes, message_id: str) -> Outcome:
    """Hand over one mail to one address; never raises for what network or server do.

    Everything before the first byte of the mail is certain. Once they are on their way only the server's own
    refusal counts; silence, a hang-up or nonsense is `Unclear`.
    """
    talk = _Talk(server, sender)
    try:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            return await talk.through(to, mail) or Accepted(message_id, sent=True)
    except ssl.SSLCertVerificationError as error:
        return Reauth(f"certificate: {error.verify_message}"[:500])
    except aiosmtplib.SMTPResponseException as error:
        return outcome_of(error.code, error.message, talk.stage)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return talk.lost(error)
    finally:
        talk.close()


async def check(server: Server, sender: str) -> Finding:
    """Log in and say how it went; never raises."""
    talk = _Talk(server, sender)
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            refused = await talk.login()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return Finding("mail.smtp", ok=False, detail=_words(error))
    finally:
        talk.close()
    return Finding("mail.smtp", ok=refused is None, detail=getattr(refused, "detail", "")[:300])


class _Talk:
    """One connection; `stage` is how far it has come."""

    def __init__(self, server: Server, sender: str) -> None:
        self.stage = Stage.GREETING
        self._server = server
        self._sender = sender
        self._line = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            # Our machine's own name is nobody's business, and servers take the sender's domain as well.
            local_hostname=domain_of(sender),
            timeout=COMMAND_TIMEOUT_S,
            use_tls=server.tls is Tls.TLS,
            start_tls=False,
            tls_context=server.context(),
        )

    async def through(self, to: str, mail: bytes) -> Outcome | None:
        """Bring the mail to its end; None = taken."""
        refused = await self.login()
        if refused:
            return refused
        room = self._line.esmtp_extensions.get("size", "")
        if room.isdigit() and 0 < int(room) < len(mail):
            return Permanent("mail.too_large", f"SIZE {room}")
        self.stage = Stage.SENDER
        size = [f"SIZE={len(mail)}"] if self._line.supports_extension("size") else []
        await self._line.mail(self._sender, options=size)
        self.stage = Stage.RECIPIENT
        await self._line.rcpt(to)
        self.stage = Stage.BODY
        await self._line.data(mail)
        return None

    async def login(self) -> Outcome | None:
        """Connect, close the line to others and log in; None = done."""
        try:
            await self._line.connect()
        except aiosmtplib.SMTPConnectError as error:
            # The library hides why TLS failed; a wrong certificate must not look like a bad line.
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise error.__cause__ from error
            raise
        await self._line.ehlo()
        if self._server.tls is Tls.STARTTLS:
            if not self._line.supports_extension("starttls"):
                return Reauth("the server offers no STARTTLS")
            await self._line.starttls()
            await self._line.ehlo()
        self.stage = Stage.LOGIN
        if not self._line.supported_auth_methods:
            return Reauth("the server offers no login on this line")
        await self._line.login(self._server.user, self._server.password)
        return None

    def lost(self, error: Exception) -> Outcome:
        """Return what a broken line means at this stage."""
        return Unclear(_words(error)) if self.stage is Stage.BODY else Retry(detail=_words(error))

    def close(self) -> None:
        """Hang up. A QUIT would only wait for words that change nothing."""
        self._line.close()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
