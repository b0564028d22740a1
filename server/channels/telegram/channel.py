"""Telegram by a bot, over plain HTTP (Bot API 10.1; core.telegram.org/bots/api, read June 2026)."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import httpx

from server.channels.base import ChannelError, Field, MediaLoader, Pulled, RawLoader
from server.channels.base_http import body_of, checked, once, retry_after
from server.channels.telegram.errors import outcome_of, outcome_of_status, refusal_of
from server.channels.telegram.line import ASK_TIMEOUT_S, Line, Upload
from server.channels.telegram.parse import CALLBACK, UPDATES, events
from server.channels.telegram.plan import BOT_NAME, CAPS, message_name, refusal, start_link, steps
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.checkups import Finding
from server.domain.events import Event, MediaRef
from server.domain.identities import Identity
from server.domain.outcomes import Accepted, MediaFix, Outcome, Unclear
from server.domain.pace import Pace, Rate, each_second

SEND_TIMEOUT_S = 60.0
MEDIA_TIMEOUT_S = 60.0
POLL_S = 25
MAX_MEDIA_BYTES = 20_000_000
# More than this many waiting at Telegram means that we do not take them.
MANY_WAITING = 20
WEBHOOK, POLLING = "webhook", "abruf"
SECRET_HEADER = "x-telegram-bot-api-secret-token"
# Nothing has left the machine: the only failures of the line that may be tried again.


class Telegram:
    """One bot. It may write only after the customer has pressed Start; from then on without a window.

    Raises Invalid with the field's name for settings that cannot work.
    """

    kind: ClassVar[str] = "telegram"
    label: ClassVar[str] = "Telegram"
    caps: ClassVar[Capabilities] = CAPS
    # "No more than one message a second in a chat", short bursts allowed; 30 a second over all (T/faq, broadcasting).
    pace: ClassVar[Pace] = Pace(each_second(30), pair=Rate(1.0, burst=3))
    # Message 5 of one bot and message 5 of another in the same person's chat bear one name (T/Message.message_id).
    numbering: ClassVar[str] = "bot_token"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("bot_token", "Bot-Token", secret=True, help="Von @BotFather nach /newbot, zum Beispiel 123456:ABC-DEF."),
        Field("bot_name", "Name des Bots", help="Endet auf „bot“, zum Beispiel MalerBergerBot. Steht im Start-Link."),
        Field("receiving", "Empfang (webhook/abruf)", required=False, default=WEBHOOK,
              help="webhook: Telegram ruft diese Installation an. abruf: sie fragt selbst nach, auch ohne öffentliche Adresse."),
        Field("webhook_secret", "Webhook-Geheimnis", secret=True, required=False,
              help="Leer lassen: es wird eines gebildet."),
    )  # fmt: skip

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        token = checked(settings, "bot_token", r"[0-9]{1,20}:[A-Za-z0-9_-]{10,200}")
        name = re.sub(r"^(https://)?(t\.me/|@)", "", settings.get("bot_name", "").strip())
        self.bot_name = checked({"bot_name": name}, "bot_name", BOT_NAME.pattern)
        receiving = (settings.get("receiving") or WEBHOOK).strip().casefold()
        self.pulls = checked({"receiving": receiving}, "receiving", f"{WEBHOOK}|{POLLING}") == POLLING
        # Only who has the token can derive it, and he could set any webhook himself.
        made = hmac.new(token.encode(), b"zollstock webhook", hashlib.sha256).hexdigest()
        secret = settings.get("webhook_secret", "").strip() or made
        self._secret = checked({"webhook_secret": secret}, "webhook_secret", r"[A-Za-z0-9_-]{1,256}")
        self._bot = token.partition(":")[0]
        self._line = Line(http, bases["telegram_base"], token)

    @property
    def numbered_by(self) -> str:
        return self._bot

    def start_link(self, word: str) -> str:
        """Return the link that opens the chat and tells us by `Joined` who came with the word (≤ 64 of A-Za-z0-9_-)."""
        return start_link(self.bot_name, word)

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the calls in order, or why none can be made; Telegram has no window."""
        return refusal(draft, identity) or steps(draft, identity)

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        """Return the call that ends the waiting sign on a tapped button; bots cannot mark messages as read."""
        if not foreign_id.startswith(CALLBACK):
            return None
        args = {"callback_query_id": foreign_id.removeprefix(CALLBACK)}
        return Step(kind="read", intent_id=intent_id, call={"method": "answerCallbackQuery", "args": args})

    def readdressed(self, step: Step, identity: Identity) -> Step:
        """Return the same step for the chat's new number (`Moved`)."""
        args = {**step.call["args"], "chat_id": int(identity.value)}
        return replace(step, call={**step.call, "args": args})

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        """Make the call once, the picture inside it; an answer that is not understood may mean that it was taken."""
        photo: Upload | None = None
        if step.picture:
            data = await media(step.picture.ref)
            if not _is_planned(data, step.picture):
                return MediaFix("the picture is not the one that was planned")
            photo = (step.picture.name, data, step.picture.mime)
        method, args = step.call["method"], step.call["args"]
        answer = await once(self._line.post(method, args, timeout_s=SEND_TIMEOUT_S, photo=photo))
        if not isinstance(answer, httpx.Response):
            return answer
        return self._outcome(answer, args)

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether the call brings the secret we gave to Telegram with the webhook; compared in constant time."""
        return hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), self._secret.encode())

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """Telegram never asks before it calls."""
        return None

    def parse(self, raw: bytes) -> list[Event]:
        """Return what an update tells."""
        return list(events(raw))

    async def pull(self, cursor: str) -> AsyncIterator[Pulled]:
        """Yield updates by long polling; each call confirms what was kept before it. Raises ChannelError.

        The cursor is "bot:next update": one of another bot counts for nothing, for it might confirm what nobody has
        read. One from long ago is harmless: Telegram starts at the first unconfirmed update then (tdlib TQueue).
        """
        bot, _, told = cursor.partition(":")
        offset = int(told) if bot == self._bot and re.fullmatch(r"[0-9]{1,18}", told) else 0
        wait_s = 0  # the first round only shows that the line stands
        while True:
            fresh = await self._updates(offset, wait_s)
            for update in fresh:
                number = update.get("update_id") if isinstance(update, dict) else None
                if type(number) is not int:
                    raise ChannelError(
                        "telegram.unreachable", permanent=False, detail="an update without a number"
                    )
                offset = number + 1
                yield Pulled(json.dumps(update).encode(), f"{self._bot}:{offset}")
            if not fresh:
                yield Pulled(b"")
            wait_s = POLL_S

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        """Return a received file; raises ChannelError `media.gone`, `media.too_large`, `media.unreachable`."""
        try:
            async with asyncio.timeout(MEDIA_TIMEOUT_S):
                path = await self._media_path(ref)
                return await self._line.download(path, MAX_MEDIA_BYTES, timeout_s=ASK_TIMEOUT_S)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChannelError("media.unreachable", permanent=False, detail=type(error).__name__) from None

    async def check(self, hook: str) -> list[Finding]:
        """Ask Telegram for the bot, and set or delete the webhook: it and long polling exclude each other."""
        found: list[Finding] = []
        try:
            bot = await self._line.ask("getMe")
            name = str(bot.get("username", "")) if isinstance(bot, dict) else ""
            found.append(Finding("channel.token", ok=True, detail=f"@{name}"[:300]))
            same = name.casefold() == self.bot_name.casefold()
            found.append(Finding("telegram.bot_name", ok=same, detail=f"@{name}"[:300]))
            found += await (self._check_polling() if self.pulls else self._check_webhook(hook))
        except ChannelError as error:
            known = error.code == "telegram.token"
            found.append(
                Finding("channel.token" if known else "channel.reachable", ok=False, detail=error.detail)
            )
        return found

    async def _check_polling(self) -> list[Finding]:
        await self._line.ask("deleteWebhook", {"drop_pending_updates": False})
        return [Finding("telegram.polling", ok=True)]

    async def _check_webhook(self, hook: str) -> list[Finding]:
        """Set the webhook each time: its secret cannot be read, and the same again changes nothing at Telegram."""
        if not hook.startswith("https://"):
            return [Finding("channel.webhook", ok=False, detail=hook[:300])]
        info = await self._line.ask("getWebhookInfo")
        waiting, trouble = _state_of(info)
        args = {
            "url": hook,
            "secret_token": self._secret,
            "allowed_updates": list(UPDATES),
            "max_connections": 4,
        }
        await self._line.ask("setWebhook", args)
        found = [
            Finding("channel.webhook", ok=True, detail=hook[:300]),
            Finding("telegram.waiting", ok=waiting <= MANY_WAITING, detail=str(waiting)),
        ]
        if trouble:
            # Told long after it is over; what waits shows whether it is.
            detail = self._line.cleaned(trouble)[:300]
            found.append(Finding("telegram.webhook_error", ok=waiting == 0, detail=detail))
        return found

    async def _updates(self, offset: int, wait_s: int) -> list[Any]:
        args = {"offset": offset, "timeout": wait_s, "allowed_updates": list(UPDATES)}
        try:
            fresh = await self._line.ask("getUpdates", args, timeout_s=wait_s + ASK_TIMEOUT_S)
        except ChannelError as error:
            if error.code != "telegram.two_receivers" or "webhook" not in error.detail:
                raise
            await self._line.ask("deleteWebhook", {"drop_pending_updates": False})
            fresh = await self._line.ask("getUpdates", args, timeout_s=wait_s + ASK_TIMEOUT_S)
        return fresh if isinstance(fresh, list) else []

    async def _media_path(self, ref: MediaRef) -> str:
        try:
            file = await self._line.ask("getFile", {"file_id": ref.id})
        except ChannelError as error:
            raise _media_error(error) from None
        path = file.get("file_path") if isinstance(file, dict) else None
        size = file.get("file_size") if isinstance(file, dict) else None
        if type(size) is int and size > MAX_MEDIA_BYTES:
            raise ChannelError("media.too_large", permanent=True)
        if not isinstance(path, str) or not _harmless(path):
            raise ChannelError("media.unreachable", permanent=False, detail="no path of a file")
        return path

    def _outcome(self, answer: httpx.Response, args: Mapping[str, Any]) -> Outcome:
        """Return what an answer says; one that cannot be read has perhaps been taken."""
        body = body_of(answer)
        if answer.status_code == 200 and isinstance(body, dict) and body.get("ok") is True:
            return _accepted(body.get("result"), args)
        refused = refusal_of(body)
        if refused is None or not 400 <= answer.status_code < 500:
            return outcome_of_status(answer.status_code, retry_after(answer))
        return outcome_of(replace(refused, words=self._line.cleaned(refused.words)))


def _is_planned(data: bytes, picture: Picture) -> bool:
    return hashlib.sha256(data).hexdigest() == picture.sha256


def _accepted(result: object, args: Mapping[str, Any]) -> Outcome:
    """Return what a success says: no status will ever tell more (Bot API has no receipts)."""
    if "callback_query_id" in args and result is True:
        return Accepted(f"{CALLBACK}{args['callback_query_id']}", sent=True)
    chat = result.get("chat") if isinstance(result, dict) else None
    chat_id = chat.get("id") if isinstance(chat, dict) else None
    number = result.get("message_id") if isinstance(result, dict) else None
    if type(number) is int and type(chat_id) is int:
        return Accepted(message_name(chat_id, number), sent=True)
    return Unclear("an answer without the message's id")


def _state_of(info: object) -> tuple[int, str]:
    """Return (how many updates wait at Telegram, its last trouble with our webhook) of a WebhookInfo."""
    known = info if isinstance(info, dict) else {}
    waiting, trouble = known.get("pending_update_count"), known.get("last_error_message")
    return waiting if type(waiting) is int else 0, trouble if isinstance(trouble, str) else ""


def _media_error(error: ChannelError) -> ChannelError:
    words = error.detail.casefold()
    if "too big" in words:
        return ChannelError("media.too_large", permanent=True, detail=error.detail)
    # "wrong file_id or the file is temporarily unavailable": only the other refusals are final.
    gone = error.code == "telegram.refused" and "temporarily" not in words
    return ChannelError("media.gone" if gone else "media.unreachable", permanent=gone, detail=error.detail)


def _harmless(path: str) -> bool:
    """Return whether a path stays below the bot's own folder."""
    parts = path.split("/")
    return bool(re.fullmatch(r"[A-Za-z0-9_./-]{1,300}", path)) and not {"", ".", ".."} & set(parts)
