"""News about the account itself: templates, quality, limits, restrictions (W/webhooks/reference, read mid-2026)."""

import hashlib
import json
from typing import Any

from server.channels.whatsapp.content import Item
from server.channels.whatsapp.errors import error_of, health_of
from server.domain.events import HealthEvent

# What an event of `account_update` makes of the account; all others are told and change nothing.
_ACCOUNT = {
    "ACCOUNT_DELETED": "reauth",
    "ACCOUNT_OFFBOARDED": "reauth",
    "PARTNER_REMOVED": "reauth",
    "ACCOUNT_RECONNECTED": "ok",
}
# A ban that is only announced leaves time to object: the admin hears of it, nothing stops yet.
_BANS = {"DISABLE": "paused", "REINSTATE": "ok"}
# Answers inside the window still leave under the milder restrictions; under this one nothing does.
_NO_ANSWERS = "RESTRICTED_CUSTOMER_INITIATED_MESSAGING"
_TOLD = (
    "message_template_name",
    "message_template_language",
    "display_phone_number",
    "event",
    "reason",
    "new_category",
    "new_quality_score",
    "max_daily_conversations_per_business",
    "current_limit",
    "decision",
)


def is_news(topic: str) -> bool:
    """Return whether a webhook's field tells of the account; such a change names no number (frappe_whatsapp#231)."""
    return topic.endswith("_update") or topic in ("account_alerts", "security")


def is_about(value: Item, account: str, waba_id: str) -> bool:
    """Return whether news are about our business account; the entry may name the partner's instead of it."""
    info = value.get("waba_info")
    named = str(info.get("waba_id") or "") if isinstance(info, dict) else ""
    return not waba_id or waba_id in (account, named)


def news(topic: str, value: Item, account: str, at: str) -> HealthEvent:
    """Return what happened in a line; `topic` is the webhook's field, so that templates are synced when one changed."""
    raw = json.dumps(value, ensure_ascii=False, sort_keys=True)
    words = [str(value[name]) for name in _TOLD if value.get(name) not in (None, "", "NONE")]
    return HealthEvent(
        key=_key(topic, f"{account}:{at}", raw),
        topic=topic[:64],
        detail=(" · ".join(words) or raw)[:500],
        health=_health(value) if topic == "account_update" else "",
    )


def account_error(error: Item, source: str) -> HealthEvent:
    """Return an error Meta reports without a message it belongs to (`value.errors`)."""
    code, details = error_of({"error": error}) or (-1, "")
    if code < 0:
        raise ValueError("an error needs its code")
    raw = json.dumps(error, ensure_ascii=False, sort_keys=True)
    return HealthEvent(_key("errors", source, raw), "errors", f"{code}: {details}"[:500], health_of(code))


def _health(value: Item) -> str:
    ban: Any = value.get("ban_info")
    if value.get("event") == "DISABLED_UPDATE" and isinstance(ban, dict):
        return _BANS.get(str(ban.get("waba_ban_state")), "")
    limits: Any = value.get("restriction_info")
    if value.get("event") == "ACCOUNT_RESTRICTION" and isinstance(limits, list):
        kinds = [one.get("restriction_type") for one in limits if isinstance(one, dict)]
        return "paused" if _NO_ANSWERS in kinds else ""
    return _ACCOUNT.get(str(value.get("event")), "")


def _key(topic: str, source: str, raw: str) -> str:
    """Return the name of news without an id: what it says and when, so that the same can happen again later."""
    return f"{topic[:64]}:{source[:100]}:{hashlib.sha256(raw.encode()).hexdigest()}"
