"""What makes a password too easy to guess (ASVS 5.0 §6.2: 12 signs, no common ones, no words of the firm)."""

import re
from collections.abc import Iterable

from server.domain.errors import Invalid
from server.domain.search import fold

LENGTH_MIN = 12
LENGTH_MAX = 128
_OWN_SIGNS_MIN = 4
"""This many different signs must remain when common words, runs and years are taken out."""

_COMMON_WORDS = """
admin administrator aktuell alexander andrea andreas angel anna anton apple arbeit asdf auto baby
bagger banane bank basketball batman baustelle bayern beate berlin bernd birgit bitte blume borussia bosch bremen
bruder buero butterfly charlie chef chocolate christian claudia computer cookie daniel darling default deutschland
dennis detlef diamond diesel dortmund dragon dresden elektro elektriker elefant engel fabian fabrik familie feuer
ferrari firma fisch fliesen flower football forever formel frank frankfurt frau freddy freedom freund
freunde friend friends fussball garten gast geheim geheimnis geld germany gold golf google gott guest hallo
hamburg handwerk handwerker handy hannover hannes haus heizung hello herbst hertha herz himmel hund iloveyou
internet jasmin jennifer jessica jesus johannes jordan julia jungs kaffee kaiser karin katze kerstin killer kirsche
klaus koeln koenig kuchen lassmichrein laura leben lecker lena letmein liebe lieben login london lol lotus
love lukas maler manager mannheim manuel marcel maria marina mario markus martin marvin maschine master matrix
maurer maus maximilian meister melanie mercedes messer michael michaela mickey minecraft mond money monika monkey
monster montag monteur morgen mueller muenchen musik mutter mustang nadine naruto natascha nicole nintendo niemand
ninja nuernberg oliver online orange ostern papa paris partner pass passwd passwort password patrick peter
petra phoenix pokemon polizei porsche prinz prinzessin princess qwer rainer ralf regen ricarda robert rocky root
sabine samsung sandra sanitaer schalke schatz schatzi schlosser schmidt schnecke schneider schnee schreiner schule
schwarz sebastian secret server service shadow simone snoopy soccer sommer sonne sonnenschein spiderman spiel
spinne starwars start stefan stefanie stern strasse stuttgart summer sunshine superman susanne tanja teddy test
tester thomas tiger tischler tobias torsten trustno ulrike user vater vanessa volker wasser welcome werkstatt werner
wetter whatever willkommen winter wochenende wolf wolfgang zimmer zimmermann zollstock zuhause
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_RUNS = (
    "0123456789012",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertzuiop",
    "qwertyuiop",
    "asdfghjkl",
    "yxcvbnm",
    "zxcvbnm",
    "1qay2wsx3edc4rfv",
    "1q2w3e4r5t6z7u8i",
    "1q2w3e4r5t6y7u8i",
)
_LEET = str.maketrans("013457@$!", "oieastasi")
_YEAR = re.compile("(19|20)[0-9]{2}")
_REPEATED = re.compile(r"(.)\1{2,}")
_DULL = re.compile(r"[\W_]+")
_TAIL = re.compile(r"[\W\d_]+$")


def check_password(password: str, *, personal: Iterable[str] = (), field: str = "password") -> None:
    """Refuse an easy password; `personal` are words of the person and the firm.

    Raises Invalid("password.too_short", "password.too_long", "password.common", "password.personal").
    """
    if len(password) < LENGTH_MIN:
        raise Invalid("password.too_short", field=field, min=LENGTH_MIN)
    if len(password) > LENGTH_MAX:
        raise Invalid("password.too_long", field=field, max=LENGTH_MAX)
    if _guessable(password, _COMMON):
        raise Invalid("password.common", field=field)
    if _guessable(password, _COMMON | _words(personal)):
        raise Invalid("password.personal", field=field)


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in _DULL.split(fold(text)) if len(word) >= 3)


def _guessable(password: str, words: frozenset[str]) -> bool:
    """Tell whether a password is nothing but known words, runs of keys, years and repetitions."""
    plain = fold(password)
    stem = _TAIL.sub("", plain)
    spellings = [plain, stem.translate(_LEET)] if len(stem) >= LENGTH_MIN // 2 else [plain]
    return any(len(set(_rest(spelling, words))) < _OWN_SIGNS_MIN for spelling in spellings)


def _rest(text: str, words: frozenset[str]) -> str:
    """Return the letters and digits of `text` that no pattern explains."""
    known = sorted((fold(word) for word in words), key=len, reverse=True)
    for pattern in [*known, *_pieces()]:
        text = text.replace(pattern, " ")
    return _DULL.sub("", _REPEATED.sub("", _YEAR.sub("", text)))


def _pieces() -> Iterable[str]:
    """Yield every run of keys of three and more, longest first, in both directions."""
    for length in range(max(map(len, _RUNS)), 2, -1):
        for run in _RUNS:
            for way in (run, run[::-1]):
                yield from (way[at : at + length] for at in range(len(way) - length + 1))
