"""What the Bot API takes, as its published table says (Bot API 10.1, 11 June 2026: PaulSonOfLars/telegram-bot-api-spec, MIT).

One line a field: its name, "!" when it is required, and its types. `tests/sandbox/test_telegram.py` holds it against the table.
"""

import json
from collections.abc import Mapping
from typing import Any

_METHODS = """
getMe
sendMessage
  business_connection_id: String
  chat_id!: Integer | String
  message_thread_id: Integer
  direct_messages_topic_id: Integer
  text!: String
  parse_mode: String
  entities: Array of MessageEntity
  link_preview_options: LinkPreviewOptions
  disable_notification: Boolean
  protect_content: Boolean
  allow_paid_broadcast: Boolean
  message_effect_id: String
  suggested_post_parameters: SuggestedPostParameters
  reply_parameters: ReplyParameters
  reply_markup: InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply
sendPhoto
  business_connection_id: String
  chat_id!: Integer | String
  message_thread_id: Integer
  direct_messages_topic_id: Integer
  photo!: InputFile | String
  caption: String
  parse_mode: String
  caption_entities: Array of MessageEntity
  show_caption_above_media: Boolean
  has_spoiler: Boolean
  disable_notification: Boolean
  protect_content: Boolean
  allow_paid_broadcast: Boolean
  message_effect_id: String
  suggested_post_parameters: SuggestedPostParameters
  reply_parameters: ReplyParameters
  reply_markup: InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply
answerCallbackQuery
  callback_query_id!: String
  text: String
  show_alert: Boolean
  url: String
  cache_time: Integer
setWebhook
  url!: String
  certificate: InputFile
  ip_address: String
  max_connections: Integer
  allowed_updates: Array of String
  drop_pending_updates: Boolean
  secret_token: String
deleteWebhook
  drop_pending_updates: Boolean
getWebhookInfo
getUpdates
  offset: Integer
  limit: Integer
  timeout: Integer
  allowed_updates: Array of String
getFile
  file_id!: String
"""
_TYPES = """
InlineKeyboardMarkup
  inline_keyboard!: Array of Array of InlineKeyboardButton
InlineKeyboardButton
  text!: String
  icon_custom_emoji_id: String
  style: String
  url: String
  callback_data: String
  web_app: WebAppInfo
  login_url: LoginUrl
  switch_inline_query: String
  switch_inline_query_current_chat: String
  switch_inline_query_chosen_chat: SwitchInlineQueryChosenChat
  copy_text: CopyTextButton
  callback_game: CallbackGame
  pay: Boolean
ReplyParameters
  message_id!: Integer
  chat_id: Integer | String
  allow_sending_without_reply: Boolean
  quote: String
  quote_parse_mode: String
  quote_entities: Array of MessageEntity
  quote_position: Integer
  checklist_task_id: Integer
  poll_option_id: String
LinkPreviewOptions
  is_disabled: Boolean
  url: String
  prefer_small_media: Boolean
  prefer_large_media: Boolean
  show_above_text: Boolean
"""
Fields = Mapping[str, tuple[tuple[str, ...], bool]]
"""name → (types, required)"""


def _read(table: str) -> dict[str, Fields]:
    found: dict[str, dict[str, tuple[tuple[str, ...], bool]]] = {}
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            current = found.setdefault(line, {})
            continue
        name, _, types = line.strip().partition(": ")
        current[name.removesuffix("!")] = (tuple(types.split(" | ")), name.endswith("!"))
    return dict(found)


METHODS = _read(_METHODS)
TYPES = _read(_TYPES)


class Mismatch(Exception):
    """An argument that the table does not allow."""


def checked(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call with their values as JSON would have them; raises Mismatch.

    In a form everything is text: numbers, truth values and objects are read out of it, as Telegram does.
    """
    fields = METHODS[method]
    for name, (_, required) in fields.items():
        if required and given.get(name) in (None, ""):
            raise Mismatch(f"{name} is empty")
    return {name: _value(value, fields, name) for name, value in given.items()}


def _value(value: Any, fields: Fields, name: str) -> Any:
    if name not in fields:
        raise Mismatch(f"{name} is unknown")
    types = fields[name][0]
    if isinstance(value, str) and "String" not in types and "InputFile" not in types:
        try:
            value = json.loads(value)
        except ValueError as error:
            raise Mismatch(f"can't parse {name}") from error
    if not any(_is(value, kind) for kind in types):
        raise Mismatch(f"{name} must be {' or '.join(types)}")
    return value


def _is(value: Any, kind: str) -> bool:
    if kind.startswith("Array of "):
        return isinstance(value, list) and all(_is(one, kind.removeprefix("Array of ")) for one in value)
    if kind in TYPES:
        return isinstance(value, dict) and _object(value, TYPES[kind])
    match kind:
        case "String":
            return isinstance(value, str)
        case "Integer":
            return type(value) is int
        case "Boolean":
            return isinstance(value, bool)
        case "InputFile":
            return isinstance(value, bytes)
        case _:
            return isinstance(value, dict)


def _object(value: Mapping[str, Any], fields: Fields) -> bool:
    for name, (_, required) in fields.items():
        if required and name not in value:
            raise Mismatch(f'field "{name}" must be given')
    for name, inner in value.items():
        _value_in(inner, fields, name)
    return True


def _value_in(value: Any, fields: Fields, name: str) -> None:
    if name not in fields or not any(_is(value, kind) for kind in fields[name][0]):
        raise Mismatch(f'field "{name}" is unknown or of a wrong type')
