"""An export is read as it was written, in every form phones write it; what is not a message is told apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.errors import Invalid
from server.domain.imports.export import Export, Line, LineKind, Order
from server.domain.imports.parse import parse
from server.domain.imports.words import clean
from tests.domain.chats import Form, Wrote, written

BERLIN = ZoneInfo("Europe/Berlin")
LATEST = datetime(2026, 11, 26, 12, tzinfo=UTC)
START = datetime(2026, 3, 14, 9, 5, 30, tzinfo=BERLIN)
AM_PM = ("AM", "PM")
FORMS = {
    "android-de": Form(),
    "android-de-bom-crlf": Form(bom=True, crlf=True),
    "android-en-us": Form(lang="en", order="mdy", sep="/", padded=False, half=AM_PM, gap="\u202f"),
    "android-en-gb": Form(lang="en", sep="/", long_year=True),
    "android-en-au": Form(lang="en", sep="/", long_year=True, half=("am", "pm"), gap="\u202f"),
    "android-dots": Form(lang="en", sep="/", long_year=True, half=("a.m.", "p.m."), gap="\u00a0"),
    "android-de-12": Form(half=("vorm.", "nachm.")),
    "android-iso": Form(lang="en", order="ymd", sep="-", long_year=True, half=("a.\u00a0m.", "p.\u00a0m.")),
    "ios-de": Form(ios=True),
    "ios-de-crlf": Form(ios=True, crlf=True, bom=True),
    "ios-en-us": Form(ios=True, lang="en", order="mdy", sep="/", padded=False, half=AM_PM, gap="\u202f"),
    "ios-en-gb": Form(ios=True, lang="en", sep="/", long_year=True, comma=""),
    "ios-de-12": Form(ios=True, half=AM_PM, gap="\u202f"),
    "ios-iso": Form(ios=True, lang="en", order="ymd", sep="-", long_year=True, half=AM_PM),
}


def read(text: str, order: Order | None = None) -> Export:
    return parse(text, BERLIN, latest=LATEST, order=order)


def at(*minutes: int) -> list[datetime]:
    return [START + timedelta(minutes=one) for one in minutes]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_everything_that_can_be_said_is_read(form: Form) -> None:
    moments = at(0, 1, 2, 700, 701, 702, 50_000, 50_001)
    said = [
        Wrote(moments[0], "Petra Müller", "Guten Morgen, wann kommt ihr?"),
        Wrote(moments[1], "Ali", "Um 8: wie besprochen\n\nzweite Zeile: mit Doppelpunkt"),
        Wrote(moments[2], "Petra Müller", file="00000012-PHOTO-2026-03-14.jpg"),
        Wrote(moments[3], "Petra Müller", "Der Riss: links", file="IMG-20260314-WA0001.jpg"),
        Wrote(moments[4], "Ali", "", kind="omitted"),
        Wrote(moments[5], "Ali", "von gestern", kind="omitted"),
        Wrote(moments[6], "Ali", "Fugen hell", edited=True),
        Wrote(moments[7], "+49 151 23456789", kind="deleted"),
    ]
    export = read(written(form, said))
    assert [line.kind for line in export.lines][:1] == [LineKind.SYSTEM]
    lines = export.said
    seconds = 30 if form.ios else 0
    assert [line.at for line in lines] == [one.replace(second=seconds) for one in moments]
    assert [line.sender for line in lines] == [one.name for one in said]
    assert [line.text for line in lines] == [one.text for one in said]
    assert [line.attachment for line in lines] == [one.file for one in said]
    assert [line.kind for line in lines[2:6]] == [LineKind.MEDIA] * 4
    assert [line.omitted for line in lines] == [False] * 4 + [True] * 2 + [False] * 2
    assert lines[6].edited and lines[7].kind is LineKind.DELETED
    assert (export.pasted, export.lost, export.unsure) == (0, 0, False)


SIGN = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"), exclude_characters="\ufeff"
)
WORDS = st.text(SIGN | st.just("\n"), max_size=60).map(clean)
NAMES = st.sampled_from(["Petra Müller", "Ali", "José 🛠", "+49 151 23456789", "李", "Bau-Team"])
KINDS = st.sampled_from(["text", "text", "text", "omitted", "file", "deleted"])


@st.composite
def chats(draw: st.DrawFn) -> list[Wrote]:
    moment, said = START, []
    for number in range(draw(st.integers(1, 8))):
        # Real moments: the clock on the wall leaps in March and comes twice in October.
        later = moment.astimezone(UTC) + timedelta(seconds=draw(st.integers(0, 4_000_000 if number else 0)))
        moment = later.astimezone(BERLIN)
        if later > LATEST:
            break
        kind, text = draw(KINDS), draw(WORDS)
        file = f"IMG-20260314-WA{number:04d}.jpg" if kind == "file" else ""
        text = "" if kind == "deleted" else text
        edited = kind == "text" and bool(text) and draw(st.booleans())
        said.append(Wrote(moment, draw(NAMES), text, file, kind, edited))
    return said


@settings(max_examples=100, deadline=None)
@given(chats(), st.sampled_from(sorted(FORMS)))
def test_whatever_is_written_is_read_back(said: list[Wrote], name: str) -> None:
    form = FORMS[name]
    order = {"dmy": Order.DAY, "mdy": Order.MONTH, "ymd": Order.YEAR}[form.order]
    lines = read(written(form, said), order).said
    wall = "%Y-%m-%d %H:%M:%S" if form.ios else "%Y-%m-%d %H:%M:00"
    expected = [(f"{one.at:{wall}}", one.name, one.text, one.file, one.edited) for one in said]
    clock = "%Y-%m-%d %H:%M:%S"
    assert [
        (f"{line.at:{clock}}", line.sender, line.text, line.attachment, line.edited) for line in lines
    ] == expected
    assert [line.omitted for line in lines] == [one.kind == "omitted" for one in said]


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300) | st.text("[]0123456789.,/: -AMPMx\n\u200e\u202f", max_size=300))
def test_garbage_is_refused_or_read(text: str) -> None:
    try:
        export = read(text)
    except Invalid as refused:
        assert refused.code == "import.not_a_chat"
    else:
        assert export.lines and all(line.number >= 1 and line.at.tzinfo for line in export.lines)


def test_a_message_may_look_like_a_beginning() -> None:
    """A pasted piece of another chat, of another phone, and a list of dates stay the words of who pasted them."""
    text = """01.09.26, 10:00 - Petra: Schau mal, was er damals schrieb:
[03.02.25, 11:10:00] Ali: Wir kommen morgen
12/24/25, 9:15 PM - Boss: ok
03.02.25, 11:10 - Ali: Fliesen sind bestellt
04.02.25, 11:10 - Petra: Danke
32.13.26, 10:00 - niemand: nie
01.09.26, 10:02 - Ali: Stimmt
02.09.26, 10:02 - Petra: Gut
"""
    export = read(text)
    assert [line.sender for line in export.lines] == ["Petra", "Ali", "Petra"]
    assert export.lines[0].text.count("\n") == 5 and "Fliesen sind bestellt" in export.lines[0].text
    assert export.pasted == 3


def test_a_message_that_came_late_is_no_pasted_one() -> None:
    text = "01.09.26, 10:00 - Petra: eins\n31.08.26, 22:00 - Ali: zwei\n01.09.26, 10:01 - Petra: drei\n"
    assert [line.text for line in read(text).lines] == ["eins", "zwei", "drei"]


def test_time_that_never_returns_is_taken_as_it_stands() -> None:
    text = "01.09.26, 10:00 - Petra: eins\n01.03.26, 10:00 - Ali: zwei\n02.03.26, 10:00 - Petra: drei\n"
    assert [line.text for line in read(text).lines] == ["eins", "zwei", "drei"]


@pytest.mark.parametrize(
    ("dates", "order", "orders", "unsure"),
    [
        (["24/11/25", "01/12/25"], Order.DAY, 1, False),
        (["11/24/25", "12/01/25"], Order.MONTH, 1, False),
        (["01/02/25", "02/03/25", "03/01/25"], Order.MONTH, 2, False),
        (["02/01/25", "03/02/25", "01/03/25"], Order.DAY, 2, False),
        (["01/02/25", "02/03/25"], Order.DAY, 2, True),
        (["05/05/25", "06/06/25"], Order.DAY, 1, False),
        (["01/12/26"], Order.MONTH, 1, False),
        (["01.02.25", "02.03.25"], Order.DAY, 1, False),
        (["2025-02-01", "2025-03-02"], Order.YEAR, 1, False),
    ],
)
def test_the_whole_file_decides_about_day_and_month(
    dates: list[str], order: Order, orders: int, unsure: bool
) -> None:
    export = read("".join(f"{date}, 10:42 - Petra: Hallo\n" for date in dates))
    assert (export.order, len(export.orders), export.unsure) == (order, orders, unsure)


def test_what_a_person_decides_counts_only_where_it_can_be() -> None:
    text = "01/02/25, 10:42 - Petra: Hallo\n02/03/25, 10:42 - Petra: Hallo\n"
    turned = read(text, Order.MONTH)
    assert (turned.order, turned.unsure, turned.lines[0].at.month) == (Order.MONTH, False, 1)
    assert read(text.replace("02/03", "24/03"), Order.MONTH).order is Order.DAY


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("01.09.26, 10:00 - Petra ist jetzt Admin", LineKind.SYSTEM),
        ("01.09.26, 10:00 - +49 151 23456789 hat zu +49 151 1 gewechselt.", LineKind.SYSTEM),
        ('01.09.26, 10:00 - Ali hat den Betreff zu „Bad: Fliesen" geändert', LineKind.SYSTEM),
        ("[01.09.26, 10:00:00] Bad Müller: \u200eAli hat Petra hinzugefügt", LineKind.SYSTEM),
        ("[01.09.26, 10:00:00] Petra: Deine Sicherheitsnummer hat sich geändert", LineKind.TEXT),
        ("[01.09.26, 10:00:00] Petra: \u200eDeine Sicherheitsnummer hat sich geändert.", LineKind.SYSTEM),
        ("[01.09.26, 10:00:00] +49 151 1 left", LineKind.SYSTEM),
        ("01.09.26, 10:00 - Petra: UMFRAGE:\nWelche Fuge?\nOPTION: hell (2 Stimmen)", LineKind.POLL),
        ("[01.09.26, 10:00:00] Petra: \u200ePOLL:\nWhich?\n\u200eOPTION: a (1 vote)", LineKind.POLL),
        ("01.09.26, 10:00 - Petra: Standort: https://maps.google.com/?q=50.9,6.9", LineKind.LOCATION),
        ("01.09.26, 10:00 - Petra: Maler Weiß.vcf (Datei angehängt)", LineKind.CONTACT),
        ("[01.09.26, 10:00:00] Petra: \u200eKontaktkarte ausgelassen", LineKind.CONTACT),
        ("[01.09.26, 10:00:00] Petra: Plan.pdf • 3 Seiten \u200e<Anhang: 00000004-Plan.pdf>", LineKind.MEDIA),
        ("[01.09.26, 10:00:00] Petra: \u200eAudio weggelassen", LineKind.MEDIA),
        ("01.09.26, 10:00 - Petra: Sticker weggelassen habe ich", LineKind.TEXT),
        ("01.09.26, 10:00 - Petra:", LineKind.TEXT),
        ("01.09.26, 10:00 - Petra:\nzweite: Zeile", LineKind.TEXT),
    ],
)
def test_kinds_are_told_apart(line: str, kind: LineKind) -> None:
    (found,) = read(line).lines
    assert found.kind is kind
    assert (found.sender == "") == (kind is LineKind.SYSTEM)


def test_strange_signs_never_reach_the_database() -> None:
    (line,) = read("01.09.26, 10:00 - \u202a+49\u00a0151 1\u202c: a\x00b\u202ec\x1b[31m\n").lines
    assert (line.sender, line.text) == ("+49 151 1", "abc[31m")
    (line,) = read("[01.09.26, 10:00:00] ~\u202fPetra: Hallo").lines
    assert line.sender == "Petra"


def test_the_hour_that_comes_twice_and_the_one_that_never_was() -> None:
    text = "".join(f"25.10.26, {clock} - Petra: {clock}\n" for clock in ("02:50", "02:05", "03:00"))
    moments = [line.at.astimezone(UTC) for line in read(text).lines]
    assert moments == sorted(moments) and moments[1] - moments[0] == timedelta(minutes=15)
    (line,) = read("29.03.26, 02:30 - Petra: Hallo\n").lines
    assert line.at.isoformat() == "2026-03-29T03:30:00+02:00"


def test_what_stands_before_the_first_message_is_counted() -> None:
    export = read("Chat gesichert\n\n01.09.26, 10:00 - Petra: Hallo\n")
    assert (export.lost, export.lines[0].number) == (1, 3)


def test_a_line_says_what_it_shows() -> None:
    line = Line(1, START, "Petra", "Riss", LineKind.MEDIA, attachment="a.jpg")
    assert line.shown == "[a.jpg]\nRiss"
    assert replace(line, attachment="", label="Bild weggelassen").shown == "[Bild weggelassen]\nRiss"
