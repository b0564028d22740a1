"""What a person newly wrote in a mail: pages made into text, history and signature left out. All of it pure."""

import html
import re
from collections.abc import Sequence

MAX_HTML, MAX_TEXT, MAX_LINES, MAX_ATTRIBUTES = 200_000, 20_000, 4_000, 2_000
CUT = "[… gekürzt]"
# A character no text holds (Unicode: noncharacter), for "from here on it is history".
_HISTORY = "\ufdd0"
_SILENT = {"script", "style", "title", "template", "svg", "noscript"}
_BREAKS = {"p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"}
# How the usual programs mark the mail they answer.
_HISTORY_CLASSES = {
    "gmail_quote",
    "gmail_quote_container",
    "yahoo_quoted",
    "moz-cite-prefix",
    "protonmail_quote",
}
# GMX and WEB.DE put it into a div of one of these names, under "Gesendet: … Von: …" (chatmail/core#1560).
_HISTORY_NAMES = {"quote", "quoted-content"}
_HISTORY_IDS = {"divrplyfwdmsg", "appendonsend", "x_divrplyfwdmsg", "mail-editor-reference-message-container"}

# Possessive: a tag that never ends is looked at once, not from every length.
_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9:-]*+)((?:[^<>"']|"[^"]*+"|'[^']*+')*+)>""")
_ATTRIBUTE = re.compile(r"""\b(class|id|name)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_QUOTE = re.compile(r"\s{0,3}>")
_SEPARATOR = re.compile(
    r"\s*[-_]{2,}\s*(original message|ursprüngliche nachricht|original-?nachricht|forwarded message"
    r"|weitergeleitete nachricht|antwort an|reply to)\b.{0,80}|\s*_{20,}\s*",
    re.I,
)
_FIELD = re.compile(
    r"[\s*]*(von|from|de|gesendet|sent|datum|date|an|to|cc|betreff|subject)[\s*]{0,4}:[\s*]{0,4}\S", re.I
)
_FIRST_FIELD = re.compile(r"[\s*]*(von|from|de|gesendet|sent|datum|date|betreff|subject)[\s*]{0,4}:", re.I)
_WROTE = re.compile(
    r"\s*(am|on|le|op|il)\s.{4,200}\b(schrieb|wrote|a écrit|schreef|ha scritto)\b.{0,120}:\s*"
    r"|.{3,160}\b(schrieb am|wrote on)\b.{4,80}:\s*",
    re.I,
)
_WROTE_BEGINS = re.compile(r"\s*(am|on|le|op|il)\s.*\d", re.I)
_SENT_FROM = re.compile(
    r"\s*(von meine[mr] .{2,60} gesendet|gesendet (von|mit) .{2,80}|sent (from|with) .{2,80}"
    r"|(get|holen sie sich) outlook for .{2,40}|outlook für .{2,40} herunterladen"
    r"|diese nachricht wurde von meine[mr] .{2,80} gesendet)\.?\s*",
    re.I,
)


def new_words(text: str) -> str:
    """Return what is new in a mail's text: no quoted lines, no history, no signature; "" when nothing is."""
    kept: list[str] = []
    lines = text.split("\n")[:MAX_LINES]
    for place, line in enumerate(lines):
        if line.rstrip() == "--" or _HISTORY in line or _SEPARATOR.fullmatch(line[:300]):
            kept.append(line.partition(_HISTORY)[0] if _HISTORY in line else "")
            break
        if _FIRST_FIELD.match(line[:300]) and _is_head(lines[place : place + 8]):
            break
        if _QUOTE.match(line):
            _drop_attribution(kept)
            continue
        kept.append(line)
    _drop_attribution(kept)
    return _tidy([line for line in kept if not _SENT_FROM.fullmatch(line[:300])])


def whole_words(text: str) -> str:
    """Return the text as it is, with its history, for mails whose history is all they say."""
    return _tidy(text.replace(_HISTORY, "").split("\n")[:MAX_LINES])


def page_text(page: str) -> str:
    """Return a page as plain text: no scripts, no styles, quotes as quoted lines, nothing fetched.

    Not the standard library's parser: it takes minutes for a megabyte of open comments.
    """
    text = _Page(page[:MAX_HTML]).text().replace("\xa0", " ")
    return re.sub(r"[ \t]+", " ", text) + ("\n" + CUT if len(page) > MAX_HTML else "")


def cut(text: str) -> str:
    """Return the text in the length we show; the rest is in the kept mail."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT].rstrip() + "\n" + CUT


def _is_head(lines: Sequence[str]) -> bool:
    """Say whether these lines are the head of a mail that is quoted: three of its fields, the subject among them."""
    fields = [found[1].lower() for line in lines if (found := _FIELD.match(line[:300]))]
    return len(fields) >= 3 and bool({"betreff", "subject"} & set(fields))


def _drop_attribution(kept: list[str]) -> None:
    """Take back "Am … schrieb …:" from the end, over up to three lines."""
    while kept and not kept[-1].strip():
        kept.pop()
    for count in (1, 2, 3):
        said = " ".join(line.strip() for line in kept[-count:])[:400]
        if (
            len(kept) >= count
            and _WROTE.fullmatch(said)
            and (count == 1 or _WROTE_BEGINS.match(kept[-count]))
        ):
            del kept[-count:]
            return


def _tidy(lines: Sequence[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


class _Page:
    """Walks over a page once, from tag to tag; `_quotes` is how deep in block quotes it is."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._lower = page.lower()
        self._words: list[str] = []
        self._quotes = 0
        self._unclosed: set[str] = set()

    def text(self) -> str:
        at, size = 0, len(self._page)
        while at < size:
            tag = self._page.find("<", at)
            self._say(self._page[at : size if tag < 0 else tag])
            if tag < 0:
                break
            at = self._after(tag)
        return "".join(self._words)

    def _after(self, at: int) -> int:
        """Read what the `<` at this place begins and return where it ends; a lone one is a character."""
        if self._page.startswith("<!--", at):
            return self._past("-->", at + 4)
        if self._page.startswith(("<!", "<?"), at):
            return self._past(">", at)
        found = _TAG.match(self._page, at)
        if found is None:
            self._words.append("<")
            return at + 1
        name = found[2].lower()
        if name in _SILENT and not found[1]:
            return self._past_silent(name, found.end())
        self._tag(name, found[3][:MAX_ATTRIBUTES], closing=bool(found[1]))
        return found.end()

    def _past(self, mark: str, at: int) -> int:
        end = self._page.find(mark, at)
        return len(self._page) if end < 0 else end + len(mark)

    def _past_silent(self, name: str, at: int) -> int:
        """Return where a script or the like ends; one that never does hides nothing."""
        end = -1 if name in self._unclosed else self._lower.find(f"</{name}", at)
        if end < 0:
            self._unclosed.add(name)
        return at if end < 0 else end

    def _tag(self, name: str, attributes: str, *, closing: bool) -> None:
        given = {
            one[1].lower(): (one[2] or one[3] or one[4] or "").lower()
            for one in _ATTRIBUTE.finditer(attributes)
        }
        if (
            set(given.get("class", "").split()) & _HISTORY_CLASSES
            or given.get("id") in _HISTORY_IDS
            or (name == "div" and given.get("name") in _HISTORY_NAMES)
        ):
            self._words.append(f"\n{_HISTORY}\n")
        if name == "blockquote":
            self._quotes = max(0, self._quotes - 1) if closing else min(self._quotes + 1, 3)
        new_line = not (self._words and self._words[-1].startswith("\n"))
        if name in ("br", "blockquote") or (name in _BREAKS and new_line):
            self._words.append(self._line())

    def _say(self, text: str) -> None:
        try:
            words = re.sub(r"\s+", " ", html.unescape(text))
        except ValueError:
            words = text  # The number of a character has thousands of digits.
        if words.strip() or (words and self._words and not self._words[-1].startswith("\n")):
            self._words.append(words)

    def _line(self) -> str:
        return "\n" + "> " * self._quotes
