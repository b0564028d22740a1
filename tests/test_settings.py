"""What `zollstock doctor` shows of the settings: all of them, and no secret."""

import pytest

from server.settings import from_environment

SECRET = "S3cret%40word"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("SMTP_URL", f"smtp://berger:{SECRET}@mail.example:587", "smtp://berger:••••@mail.example:587"),
        ("IMAP_URL", f"imaps://:{SECRET}@mail.example", "imaps://:••••@mail.example"),
        ("DATABASE_URL", f"postgresql://u:{SECRET}@db/z", "postgresql://u:••••@db/z"),
        ("DATABASE_URL", f"postgresql://u@db/z?sslmode=require&password={SECRET}", "postgresql://u@db/z?sslmode=require&password=••••"),
        ("STORAGE_URL", f"s3://b/p?endpoint=https://s3.example&secret_access_key={SECRET}&region=eu", "s3://b/p?endpoint=https://s3.example&secret_access_key=••••&region=eu"),
        ("SIGNAL_BASE", f"http://a:{SECRET}1@one:8080,http://b:{SECRET}2@two:8080", "http://a:••••@one:8080,http://b:••••@two:8080"),
        ("METRICS_TOKEN", SECRET, "••••"),
        ("GRAPH_BASE", "http://127.0.0.1:8000/sandbox/graph", "http://127.0.0.1:8000/sandbox/graph"),
    ],
)  # fmt: skip
def test_every_setting_is_shown_and_no_secret(name: str, value: str, shown: str) -> None:
    settings = from_environment({f"ZOLLSTOCK_{name}": value})
    masked = settings.masked()
    assert masked[name.lower()] == shown
    assert not any(SECRET in one for one in masked.values())
