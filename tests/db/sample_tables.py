"""Two small tables to try the database core on, and a history that builds them."""

from pathlib import Path

from tortoise import fields
from tortoise.models import Model


class ShelfRow(Model):
    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(64, unique=True)
    at = fields.DatetimeField()
    extra = fields.JSONField[dict[str, object]](default=dict)

    class Meta:
        table = "shelf"


class BookRow(Model):
    id = fields.UUIDField(primary_key=True)
    shelf: fields.ForeignKeyRelation[ShelfRow] = fields.ForeignKeyField(
        "server.ShelfRow", on_delete=fields.RESTRICT
    )
    title = fields.CharField(64)

    class Meta:
        table = "book"


MODULE = __name__

START = '''
SQLITE = [
    """CREATE TABLE "shelf" ("id" CHAR(36) NOT NULL PRIMARY KEY, "name" VARCHAR(64) NOT NULL UNIQUE,
       "at" TIMESTAMP NOT NULL, "extra" JSON NOT NULL)""",
    """CREATE TABLE "book" ("id" CHAR(36) NOT NULL PRIMARY KEY, "title" VARCHAR(64) NOT NULL,
       "shelf_id" CHAR(36) NOT NULL REFERENCES "shelf" ("id") ON DELETE RESTRICT)""",
]
POSTGRES = [
    """CREATE TABLE "shelf" ("id" UUID NOT NULL PRIMARY KEY, "name" VARCHAR(64) NOT NULL UNIQUE,
       "at" TIMESTAMPTZ NOT NULL, "extra" JSONB NOT NULL)""",
    """CREATE TABLE "book" ("id" UUID NOT NULL PRIMARY KEY, "title" VARCHAR(64) NOT NULL,
       "shelf_id" UUID NOT NULL REFERENCES "shelf" ("id") ON DELETE RESTRICT)""",
]
'''


def history(folder: Path) -> Path:
    """Write the history into `folder` and return it."""
    folder.mkdir(exist_ok=True)
    (folder / "0001_start.py").write_text(START, encoding="utf-8")
    return folder
