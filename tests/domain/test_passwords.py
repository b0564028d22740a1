import pytest

from server.domain.errors import Invalid
from server.domain.passwords import check_password

PERSONAL = ("ali.demir", "Ali Demir", "Fliesen Berger GmbH")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Kelle-7-rot", "password.too_short"),
        ("x" * 129, "password.too_long"),
        ("123456789012", "password.common"),
        ("passwort1234", "password.common"),
        ("P@ssw0rt2026!", "password.common"),
        ("Sommer2026!!!", "password.common"),
        ("qwertzuiop123", "password.common"),
        ("hallohallohallo", "password.common"),
        ("aaaaaaaaaaaaaa", "password.common"),
        ("abababababab", "password.common"),
        ("1qay2wsx3edc", "password.common"),
        ("Schätzchen-Schatz-1", ""),
        ("AliDemir-2026", "password.personal"),
        ("fliesenberger!", "password.personal"),
        ("Berger-Ali-1985", "password.personal"),
    ],
)
def test_easy_passwords(password: str, code: str) -> None:
    if not code:
        check_password(password, personal=PERSONAL)
        return
    with pytest.raises(Invalid) as refused:
        check_password(password, personal=PERSONAL)
    assert (refused.value.code, refused.value.field) == (code, "password")


@pytest.mark.parametrize(
    "password",
    [
        "Kelle-Wasserwaage-7",
        "drei graue Eimer stehen",
        "vK8#mQ2!xT5z",
        "839201746528",
        "ölige Kübel 44 links",
        "密码密码工地照片很好看的",
    ],
)
def test_good_passwords_of_any_script(password: str) -> None:
    check_password(password, personal=PERSONAL)
