"""What else happens in WhatsApp: the firm writes from its own phone, people change names and minds, Meta judges."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from server.domain.events import Status
from server.sandbox.platform import Act
from server.sandbox.whatsapp.admin import Admin, waba_of
from server.sandbox.whatsapp.hooks import Value, customer_value, head, person_block, seconds
from server.sandbox.whatsapp.rules import Approved
from server.sandbox.world import Account, Bubble, Person, World

USERNAME = "whatsapp.username"
Tell = Callable[[Account, Value, str], None]
"""(account, value, field) → a webhook."""


class Life:
    """The acts of people and of the platform that are no plain message; every one goes the real webhook's way."""

    acts = (
        Act("react", "👍 auf das Letzte"),
        Act("unreact", "👍 zurücknehmen"),
        Act("revoke", "Letzte eigene Nachricht löschen"),
        Act("edit", "Letzte eigene Nachricht ändern", "Neuer Text"),
        Act("stop", "Werbung abbestellen"),
        Act("resume", "Werbung wieder erlauben"),
        Act("number", "Nummer wechseln", "Neue Nummer"),
        Act("username", "Benutzernamen annehmen", "Benutzername"),
    )

    def __init__(self, world: World, admin: Admin, tell: Tell) -> None:
        self._world = world
        self._admin = admin
        self._tell = tell
        self.stopped: set[tuple[str, str]] = set()

    def act(self, account: Account, person: Person, name: str, word: str) -> None:
        """Do what the tester tapped on the phone's page; without the word it needs, or a message, nothing happens."""
        chat = self._world.chat(account, person).bubbles
        theirs = next((one for one in reversed(chat) if one.from_firm), None)
        mine = next((one for one in reversed(chat) if not one.from_firm), None)
        match name:
            case "react" | "unreact" if theirs:
                self.react(account, person, theirs, "👍" if name == "react" else "")
            case "revoke" if mine:
                self.revoke(account, person, mine)
            case "edit" if mine and word:
                self.edit(account, person, mine, word)
            case "stop" | "resume":
                self.prefer(account, person, stopped=name == "stop")
            case "number" if word:
                self.change_number(person, word)
            case "username" if word:
                self.adopt(person, word)

    def react(self, account: Account, person: Person, bubble: Bubble, emoji: str) -> None:
        """Put an emoji on a message, or take it away with "": then Meta leaves the emoji out."""
        reaction: Value = {"message_id": bubble.id}
        if emoji:
            reaction["emoji"] = emoji
        self._say(account, person, {"type": "reaction", "reaction": reaction})

    def edit(self, account: Account, person: Person, bubble: Bubble, text: str) -> None:
        """Write one of the customer's messages anew."""
        bubble.text = text
        message = {"type": "text", "text": {"body": text}}
        self._say(
            account, person, {"type": "edit", "edit": {"original_message_id": bubble.id, "message": message}}
        )

    def revoke(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Take one of the customer's messages back."""
        bubble.text = bubble.picture = ""
        self._say(account, person, {"type": "revoke", "revoke": {"original_message_id": bubble.id}})

    def send(self, account: Account, person: Person, item: Value) -> None:
        """Let the customer send something of a kind the phone's page does not know (location, contacts, order …)."""
        self._say(account, person, item)

    def prefer(self, account: Account, person: Person, *, stopped: bool) -> None:
        """Stop or resume advertising in the app's settings (W/webhooks/reference/user_preferences)."""
        key = (account.key, person.key)
        self.stopped = self.stopped | {key} if stopped else self.stopped - {key}
        word, at = "stop" if stopped else "resume", int(self._world.now().timestamp())
        block = person_block(person)
        ids: Value = {name: block[name] for name in ("wa_id", "user_id") if name in block}
        wish = {**ids, "category": "marketing_messages", "value": word, "timestamp": at}
        detail = f"User requested to {word} marketing messages"
        value = {**head(account), "contacts": [block], "user_preferences": [{**wish, "detail": detail}]}
        self._tell(account, value, "user_preferences")

    def change_number(self, person: Person, phone: str) -> None:
        """Give the person a new number: with it comes a new business-scoped id (W/webhooks/reference/messages/system)."""
        old = replace(person)
        person.phone, person.bsuid = phone, f"DE.{self._world.chance.randrange(10**19, 10**20)}"
        kind = "user_changed_user_id" if person.hides_number else "user_changed_number"
        news: Value = {"user_id": person.bsuid, "previous_user_id": old.bsuid, "type": kind}
        item: Value = {"type": "system", "system": {"body": f"User {person.name} changed", **news}}
        if not person.hides_number:
            item["from"], item["system"]["wa_id"] = old.digits, person.digits
        for account in self._known_to(person):
            stamp = {"id": self._world.new_id("wamid."), "timestamp": seconds(self._world.now())}
            self._tell(account, {**head(account), "messages": [{**stamp, **item}]}, "messages")

    def adopt(self, person: Person, username: str) -> None:
        """Take a username: from now on the firm is told no number any more."""
        person.ids[USERNAME] = username
        person.hides_number = True
        self._world.touch()

    def echo(self, account: Account, person: Person, text: str) -> Bubble:
        """Let the firm write from the WhatsApp Business app on its phone; the API hears an echo (W/smb_message_echoes)."""
        now = self._world.now()
        bubble = Bubble(self._world.new_id("wamid."), True, now, "text", text, status=Status.DELIVERED)
        self._world.say(account, person, bubble)
        self._tell_echo(account, person, {"id": bubble.id, "type": "text", "text": {"body": text}})
        return bubble

    def echo_revoked(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Let the firm take back in the app what it wrote there."""
        bubble.text = ""
        gone = {"type": "revoke", "revoke": {"original_message_id": bubble.id}}
        self._tell_echo(account, person, {"id": self._world.new_id("wamid."), **gone})

    def judge(self, name: str, *, state: str = "", quality: str = "", category: str = "") -> None:
        """Let Meta give a template a new state, quality or category, and tell it in a webhook of its own."""
        old = next(one for one in self._admin.templates if one.name == name)
        new = replace(
            old,
            state=state or old.state,
            quality=quality or old.quality,
            category=category or old.category,
        )
        self._admin.templates[self._admin.templates.index(old)] = new
        for account in self._numbers():
            for field, news in _judgements(old, new):
                self._tell(account, news, field)

    def rate(self, account: Account, quality: str) -> None:
        """Let Meta rate the number anew; the webhook tells of limits only, the rating is there to be asked for."""
        self._admin.quality[account.key] = quality
        event = "FLAGGED" if quality == "RED" else "UNFLAGGED"
        display, limit = account.display.removeprefix("+"), "TIER_250"
        value = {
            "display_phone_number": display,
            "event": event,
            "max_daily_conversations_per_business": limit,
        }
        self._tell(account, value, "phone_number_quality_update")

    def restrict(self, account: Account, event: str, **info: Any) -> None:
        """Let Meta restrict, ban or free the business account."""
        self._tell(
            account, {"event": event, "waba_info": {"waba_id": waba_of(account)}, **info}, "account_update"
        )

    def _say(self, account: Account, person: Person, item: Value) -> None:
        self._world.touch()
        stamp = {"id": self._world.new_id("wamid."), "timestamp": seconds(self._world.now())}
        self._tell(account, customer_value(account, person, {**stamp, **item}), "messages")

    def _tell_echo(self, account: Account, person: Person, item: Value) -> None:
        to: Value = {"to_user_id": person.bsuid}
        if not person.hides_number:
            to["to"] = person.digits
        stamp = {"from": account.display.removeprefix("+"), "timestamp": seconds(self._world.now()), **to}
        value = {**head(account), "contacts": [person_block(person)], "message_echoes": [{**stamp, **item}]}
        self._tell(account, value, "smb_message_echoes")

    def _numbers(self) -> list[Account]:
        return [account for account in self._world.accounts.values() if account.kind == "whatsapp"]

    def _known_to(self, person: Person) -> list[Account]:
        return [account for account in self._numbers() if (account.key, person.key) in self._world.chats]


def _judgements(old: Approved, new: Approved) -> list[tuple[str, Value]]:
    """Return (field, value) for everything that has changed; such webhooks name no number (frappe_whatsapp#231)."""
    named = {
        "message_template_id": 1,
        "message_template_name": new.name,
        "message_template_language": new.language,
    }
    found: list[tuple[str, Value]] = []
    if old.state != new.state:
        found.append(("message_template_status_update", {**named, "event": new.state, "reason": "NONE"}))
    if old.quality != new.quality:
        scores = {"previous_quality_score": old.quality, "new_quality_score": new.quality}
        found.append(("message_template_quality_update", {**named, **scores}))
    if old.category != new.category:
        categories = {"previous_category": old.category, "new_category": new.category}
        found.append(("template_category_update", {**named, **categories}))
    return found
