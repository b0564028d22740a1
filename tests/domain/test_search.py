import pytest

from server.domain.search import fold, folded, terms


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Müller", "mueller"),
        ("Müller", "MULLER"),
        ("Mueller", "Müller"),
        ("Flachdachsanierung", "dach"),
        ("Brandschutztür", "tuer"),
        ("Lindenstraße 14", "strasse"),
        ("Lindenstrasse", "straße"),
        ("Häuser", "haus"),
        ("Café Zoë", "cafe zoe"),
        ("Quelle", "quelle"),
        ("Fliesen  Bad", "bad fliesen"),
    ],
)
def test_a_word_is_found_however_it_is_spelled(stored: str, typed: str) -> None:
    assert all(term in fold(stored) for term in terms(typed))


def test_known_miss_plural_query_does_not_find_singular() -> None:
    assert terms("Häuser")[0] not in fold("Haus")


def test_e_after_qu_stays() -> None:
    assert fold("Quelle") == "quelle"


def test_texts_stand_on_lines_of_their_own() -> None:
    assert folded("Bad Müller", "", "Köln") == "bad muller\nkoln"


def test_a_query_has_a_limit_and_no_doubles() -> None:
    assert terms("a b a " + " ".join("cdefghij")) == list("abcdefgh")
