"""Templates: read as Meta has them, filled exactly as they were approved, refused before anything is queued (W/templates).

The local copy is only what Meta told us last; count and type are checked against it because a wrong one would be
refused after the question is on its way (chatwoot/chatwoot#13142, #13805).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from server.channels.base_meta import MALFORMED
from server.channels.whatsapp.plan import step_of
from server.domain.channels import Blocked, Draft, Step, Template
from server.domain.choices import Choice, numbered
from server.domain.identities import Identity
from server.domain.templates import BODY_MAX, VARIABLE, filled, one_line, variables_of

# Meta counts the whole body; where it is not known, the rest is left to the template's own words.
MAX_PARAMETER = 900
# A button that nobody has to fill. Every other one ("OTP", "FLOW" …) asks for what we do not have.
_PLAIN_BUTTONS = {"QUICK_REPLY", "PHONE_NUMBER", "VOICE_CALL"}
Blocks = Mapping[str, Any]


def template_step(draft: Draft, identity: Identity, template: Template | None) -> list[Step] | Blocked:
    """Return the one message allowed outside the window, or say what stands against it.

    Buttons are fixed by the approval, so they answer only when they read exactly like the choices; otherwise the
    choices stand in the text, with the answer link. A template with a picture needs one; pictures that have no place
    in it are seen behind the answer link only.
    """
    if template is None:
        return Blocked("window.closed")
    refused = _unfit(template, draft)
    if refused:
        return refused
    places, match = _matching(draft.choices, template.button_titles)
    if draft.values and draft.choices and not match:
        return Blocked("template.choices", {"template": template.name})
    values = tuple(one_line(value) for value in draft.values) or _own_words(draft, template, match=match)
    variables = variables_of(template)
    if len(values) != len(variables):
        counts = {"needed": str(len(variables)), "given": str(len(values))}
        return Blocked("template.values", {"template": template.name, **counts})
    if not all(values):
        return Blocked("template.value_empty", {"template": template.name})
    words = filled(template, values)
    limit = BODY_MAX if template.body else MAX_PARAMETER
    if len(words) > limit:
        return Blocked("text.too_long", {"limit": str(limit - len(words) + sum(map(len, values)))})
    components = _components(template, variables, values)
    components += [_quick_reply(place, choice) for place, choice in places]
    call = {
        "name": template.name,
        "language": {"policy": "deterministic", "code": template.language},
        "components": components,
    }
    picture = draft.pictures[0] if template.header_image else None
    return [step_of(draft.intent_ids[0], "template", {"template": call}, identity, words, picture, None)]


def read_template(row: Blocks) -> Template:
    """Return a template out of `GET /{WABA}/message_templates`; raises ValueError for a row that is none."""
    try:
        return _read(row)
    except MALFORMED as error:
        raise ValueError("not a template") from error


def _read(row: Blocks) -> Template:
    parts = {str(part["type"]).upper(): part for part in row.get("components") or []}
    header, body = parts.get("HEADER", {}), str(parts.get("BODY", {}).get("text") or "")
    buttons = list(parts.get("BUTTONS", {}).get("buttons") or [])
    kind = str(header.get("format") or "").upper()
    score: Any = row.get("quality_score")
    name, state, reason = str(row["name"]), str(row["status"]), str(row.get("rejected_reason") or "")
    if not name or len(name) > 512:
        raise ValueError("a template needs a name")
    return Template(
        name=name,
        language=str(row["language"])[:20],
        header_image=kind == "IMAGE",
        button_titles=tuple(str(one["text"]) if one["type"] == "QUICK_REPLY" else "" for one in buttons),
        approved=state == "APPROVED",
        body=body,
        variables=len(set(VARIABLE.findall(body))),
        category=str(row.get("category") or "")[:32],
        state=state[:32],
        quality=str(score.get("score") or "")[:32] if isinstance(score, dict) else "",
        needs=tuple(_needs(header, kind, buttons, set(parts))),
        reason="" if reason == "NONE" else reason[:300],
    )


def _needs(header: Blocks, kind: str, buttons: Sequence[Blocks], parts: set[str]) -> list[str]:
    """Return what a template must be filled with and we have no value for."""
    found = [f"part.{part.lower()}" for part in sorted(parts - {"HEADER", "BODY", "FOOTER", "BUTTONS"})]
    if kind == "TEXT" and VARIABLE.search(str(header.get("text") or "")):
        found.append("header.text")
    elif kind not in ("", "TEXT", "IMAGE"):
        found.append(f"header.{kind.lower()}")
    for button in buttons:
        fixed_link = button["type"] == "URL" and not VARIABLE.search(str(button.get("url") or ""))
        if button["type"] not in _PLAIN_BUTTONS and not fixed_link:
            found.append(f"button.{str(button['type']).lower()}")
    return found


def _unfit(template: Template, draft: Draft) -> Blocked | None:
    """Return why this template cannot say this draft."""
    name = {"template": template.name}
    if not template.approved:
        return Blocked("template.unapproved", {**name, "state": template.state or "–"})
    if template.needs:
        return Blocked("template.needs", {**name, "needs": ", ".join(template.needs)})
    if template.header_image and not draft.pictures:
        return Blocked("template.picture_missing", name)
    if len(draft.pictures) > template.header_image and (draft.values or not draft.answer_link):
        return Blocked("template.pictures", name)
    return None


def _matching(choices: Sequence[Choice], titles: Sequence[str]) -> tuple[list[tuple[int, Choice]], bool]:
    """Return (place, choice) for a template's buttons, and whether they are exactly the choices."""
    replies = [(place, title) for place, title in enumerate(titles) if title]
    same = [choice.title.casefold() for choice in choices] == [title.casefold() for _, title in replies]
    if not choices or not same:
        return [], False
    return [(place, choice) for (place, _), choice in zip(replies, choices, strict=True)], True


def _own_words(draft: Draft, template: Template, *, match: bool) -> tuple[str, ...]:
    """Return the draft's text as the value of the only variable, with choices and link where they have no buttons."""
    choices = () if match else draft.choices
    hidden = len(draft.pictures) - template.header_image
    words = one_line(numbered(draft.text, choices, draft.answer_link if choices or hidden > 0 else None))
    return (words,) if words else ()


def _components(template: Template, variables: Sequence[str], values: Sequence[str]) -> list[Blocks]:
    named = not all(name.isdigit() for name in variables)
    parameters = [
        {"type": "text", **({"parameter_name": name} if named else {}), "text": value}
        for name, value in zip(variables, values, strict=True)
    ]
    components: list[Blocks] = [{"type": "body", "parameters": parameters}] if parameters else []
    if template.header_image:
        components.insert(0, {"type": "header", "parameters": [{"type": "image", "image": {"id": ""}}]})
    return components


def _quick_reply(place: int, choice: Choice) -> Blocks:
    return {
        "type": "button",
        "sub_type": "quick_reply",
        "index": str(place),
        "parameters": [{"type": "payload", "payload": choice.id}],
    }
