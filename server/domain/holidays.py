"""German public holidays of a state in a year, computed.

The laws of the sixteen states as of 2026; what holds only in some municipalities (Mariä Himmelfahrt in parts of
Bavaria, Fronleichnam in parts of Saxony and Thuringia, the Augsburg Peace) is a day the firm enters itself.
"""

from datetime import date, timedelta
from enum import StrEnum


class State(StrEnum):
    """The states by their ISO 3166-2:DE letters."""

    BW = "BW"
    BY = "BY"
    BE = "BE"
    BB = "BB"
    HB = "HB"
    HH = "HH"
    HE = "HE"
    MV = "MV"
    NI = "NI"
    NW = "NW"
    RP = "RP"
    SL = "SL"
    SN = "SN"
    ST = "ST"
    SH = "SH"
    TH = "TH"


NAMES = {
    State.BW: "Baden-Württemberg",
    State.BY: "Bayern",
    State.BE: "Berlin",
    State.BB: "Brandenburg",
    State.HB: "Bremen",
    State.HH: "Hamburg",
    State.HE: "Hessen",
    State.MV: "Mecklenburg-Vorpommern",
    State.NI: "Niedersachsen",
    State.NW: "Nordrhein-Westfalen",
    State.RP: "Rheinland-Pfalz",
    State.SL: "Saarland",
    State.SN: "Sachsen",
    State.ST: "Sachsen-Anhalt",
    State.SH: "Schleswig-Holstein",
    State.TH: "Thüringen",
}
_EPIPHANY = {State.BW, State.BY, State.ST}
_CORPUS_CHRISTI = {State.BW, State.BY, State.HE, State.NW, State.RP, State.SL}
_ALL_SAINTS = {State.BW, State.BY, State.NW, State.RP, State.SL}
_REFORMATION = {State.BB, State.MV, State.SN, State.ST, State.TH}
_REFORMATION_SINCE_2018 = {State.HB, State.HH, State.NI, State.SH}
# Single days by law: 500 years of the Reformation; 75 and 80 years of the liberation; 75 years of 17 June 1953.
_ONCE = {
    date(2017, 10, 31): frozenset(State),
    date(2020, 5, 8): frozenset({State.BE}),
    date(2025, 5, 8): frozenset({State.BE}),
    date(2028, 6, 17): frozenset({State.BE}),
}


def easter(year: int) -> date:
    """Return Easter Sunday in the Gregorian calendar (Meeus/Jones/Butcher)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon + 15) % 30
    quarters, years = divmod(of_century, 4)
    to_sunday = (32 + 2 * rest + 2 * quarters - epact - years) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def repentance(year: int) -> date:
    """Return Buß- und Bettag: the Wednesday before 23 November."""
    before = date(year, 11, 22)
    return before - timedelta(days=(before.weekday() - 2) % 7)


def holidays(year: int, state: State) -> frozenset[date]:
    """Return the public holidays of a state in a year; Sundays among them where the law names them."""
    sunday = easter(year)

    def after_easter(days: int) -> date:
        return sunday + timedelta(days=days)

    found = {
        date(year, 1, 1), after_easter(-2), after_easter(1), date(year, 5, 1), after_easter(39), after_easter(50),
        date(year, 10, 3), date(year, 12, 25), date(year, 12, 26),
    }  # fmt: skip
    if state in _EPIPHANY:
        found.add(date(year, 1, 6))
    if (state is State.BE and year >= 2019) or (state is State.MV and year >= 2023):
        found.add(date(year, 3, 8))
    if state is State.BB:
        found |= {sunday, after_easter(49)}
    if state in _CORPUS_CHRISTI:
        found.add(after_easter(60))
    if state is State.SL:
        found.add(date(year, 8, 15))
    if state is State.TH and year >= 2019:
        found.add(date(year, 9, 20))
    if state in _REFORMATION or (state in _REFORMATION_SINCE_2018 and year >= 2018):
        found.add(date(year, 10, 31))
    if state in _ALL_SAINTS:
        found.add(date(year, 11, 1))
    if state is State.SN:
        found.add(repentance(year))
    return frozenset(found | {day for day, states in _ONCE.items() if day.year == year and state in states})
