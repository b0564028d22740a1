"""Moments, sizes and numbers as people here read them."""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal

from server.web.words import words

LOCALES = {"de": "de_DE", "en": "en_GB"}


def clock(moment: datetime, zone: tzinfo, language: str) -> str:
    """Return "10:42"."""
    return format_time(moment.astimezone(zone), "HH:mm", locale=LOCALES[language])


def day(moment: datetime | date, zone: tzinfo, language: str, *, today: date) -> str:
    """Return "Heute", "Gestern", "Freitag, 20. November", with the year when it is another one."""
    that = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    say = words(language).gettext
    if that == today:
        return say("Heute")
    if that == today - timedelta(days=1):
        return say("Gestern")
    return long_day(that, language, year=that.year != today.year)


def long_day(that: date, language: str, *, year: bool = False) -> str:
    """Return "Freitag, 20. November", with the year if asked."""
    pattern = "EEEE, d. MMMM" if language == "de" else "EEEE d MMMM"
    return format_date(that, f"{pattern} y" if year else pattern, locale=LOCALES[language])


def numeric_day(that: date, language: str) -> str:
    """Return "27.11.2026"."""
    return format_date(that, "dd.MM.y" if language == "de" else "dd/MM/y", locale=LOCALES[language])


def month(that: date, language: str) -> str:
    """Return "November 2026"."""
    return format_date(that, "LLLL y", locale=LOCALES[language])


def euro(micros: int, language: str) -> str:
    """Return "61,70 €" for millionths of a euro; less than a cent shows its four places."""
    pattern = "#,##0.0000\u00a0¤" if 0 < micros < 10_000 else "#,##0.00\u00a0¤"
    return format_currency(Decimal(micros) / 1_000_000, "EUR", pattern, locale=LOCALES[language])


def when(moment: datetime, zone: tzinfo, language: str, *, today: date) -> str:
    """Return "heute 10:42", "gestern 10:42", "Fr. 20. Nov., 15:02"."""
    that, time = moment.astimezone(zone).date(), clock(moment, zone, language)
    say = words(language).gettext
    if that == today:
        return say("heute {time}").format(time=time)
    if that == today - timedelta(days=1):
        return say("gestern {time}").format(time=time)
    pattern = "EEE d. MMM" if language == "de" else "EEE d MMM"
    pattern = pattern if that.year == today.year else f"{pattern} y"
    return f"{format_date(that, pattern, locale=LOCALES[language])}, {time}"


def span(length: timedelta, language: str) -> str:
    """Return "3 Tage", "5 Stunden", "12 Minuten", always rounded down and at least one minute."""
    minutes = max(1, length // timedelta(minutes=1))
    ngettext = words(language).ngettext
    if days := minutes // 1440:
        return ngettext("{number} Tag", "{number} Tage", days).format(number=days)
    if hours := minutes // 60:
        return ngettext("{number} Stunde", "{number} Stunden", hours).format(number=hours)
    return ngettext("{number} Minute", "{number} Minuten", minutes).format(number=minutes)


def left(length: timedelta, language: str) -> str:
    """Return how much of something is left: "12 Min.", "3 Std. 12 Min.", "2 Tage 3 Std.", rounded down."""
    minutes, say = max(1, length // timedelta(minutes=1)), words(language).gettext
    hours, rest = divmod(minutes, 60)
    if days := hours // 24:
        more = say("{hours} Std.").format(hours=hours % 24) if hours % 24 else ""
        return " ".join(part for part in (span(timedelta(days=days), language), more) if part)
    parts = [say("{hours} Std.").format(hours=hours)] if hours else []
    if rest or not hours:
        parts.append(say("{minutes} Min.").format(minutes=rest))
    return " ".join(parts)


def until(moment: datetime, zone: tzinfo, language: str, *, today: date) -> str:
    """Return "17:40 Uhr", "morgen 9:10 Uhr", "Fr. 27. Nov., 15:02 Uhr" for a moment to come."""
    that, say = moment.astimezone(zone).date(), words(language).gettext
    if that == today + timedelta(days=1):
        return say("morgen {time} Uhr").format(time=clock(moment, zone, language))
    time = clock(moment, zone, language) if that == today else when(moment, zone, language, today=today)
    return say("{time} Uhr").format(time=time)


def size(size_bytes: int, language: str) -> str:
    """Return "3,4 MB" (powers of ten, as phones show it)."""
    value, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{format_decimal(round(value, 1 if value < 100 else 0), locale=LOCALES[language])} {unit}"


def number(value: float, language: str) -> str:
    return format_decimal(value, locale=LOCALES[language])


def length(duration_ms: int) -> str:
    """Return how long a clip plays ("0:23"), the same in every language."""
    minutes, seconds = divmod(max(1, round(duration_ms / 1000)), 60)
    return f"{minutes}:{seconds:02d}"
