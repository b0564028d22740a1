"""The few kinds of column that every table uses, spelled once."""

from typing import Any

from tortoise import fields
from tortoise.fields.base import OnDelete


def key() -> Any:
    """Return the primary key: a UUIDv7 made where the thing was born, never by the database."""
    return fields.UUIDField(primary_key=True)


def company() -> Any:
    """Return the company every row belongs to."""
    return owner("CompanyRow")


def owner(table: str) -> Any:
    """Return a required reference; deleting the referenced row is refused (erasing is an action)."""
    return fields.ForeignKeyField(f"server.{table}", on_delete=OnDelete.RESTRICT, related_name=False)


def link(table: str) -> Any:
    """Return an optional reference; deleting the referenced row is refused."""
    return fields.ForeignKeyField(
        f"server.{table}", on_delete=OnDelete.RESTRICT, related_name=False, null=True
    )


def word(default: str | None = None) -> Any:
    """Return a column for an enum's value or another short code."""
    return fields.CharField(32) if default is None else fields.CharField(32, default=default)
