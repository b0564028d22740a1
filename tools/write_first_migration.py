"""Writes server/db/migrations/0001_start.py from the table classes; only until the first release.

Run: .venv/bin/python tools/write_first_migration.py
"""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tortoise.context import TortoiseContext  # noqa: E402
from tortoise.utils import get_schema_sql  # noqa: E402

from server.db.connect import TABLES, Kind, config  # noqa: E402
from server.db.tables import APPEND_ONLY  # noqa: E402

TARGET = ROOT / "server" / "db" / "migrations" / "0001_start.py"
NOWHERE = {"sqlite": "sqlite:///nowhere.db", "postgres": "postgresql://nowhere/nothing"}
REFUSE = """CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$"""


async def statements(kind: Kind) -> list[str]:
    """Return the statements that build the whole schema on an empty database; needs no database."""
    context = TortoiseContext()
    with context:
        await context.init(config=config(kind, NOWHERE[kind], TABLES))
        for model in context.apps.get_models_iterable() if context.apps else ():
            # A docstring is not schema: a better word must not ask for a migration.
            model._meta.table_description = ""
        text = get_schema_sql(context.db(), safe=False)
        await context.close_connections()
    created = [part.strip() for part in text.split(";\n") if part.strip()]
    return [part.removesuffix(";") for part in created] + guards(kind)


def guards(kind: Kind) -> list[str]:
    """Return the triggers that refuse to change or delete rows of append-only tables."""
    if kind == "sqlite":
        return [
            f'CREATE TRIGGER "{table}_{verb.lower()}" BEFORE {verb} ON "{table}"\n'
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in APPEND_ONLY
            for verb in ("UPDATE", "DELETE")
        ]
    triggers = [
        f'CREATE TRIGGER "{table}_{name}" BEFORE {verbs} ON "{table}" FOR EACH {each} EXECUTE FUNCTION "refuse_change"()'
        for table in APPEND_ONLY
        for name, verbs, each in (
            ("change", "UPDATE OR DELETE", "ROW"),
            ("truncate", "TRUNCATE", "STATEMENT"),
        )
    ]
    return [REFUSE, *triggers]


def written(sqlite: list[str], postgres: list[str]) -> str:
    """Return the text of the migration file."""
    lists = [
        f"{name} = [\n" + "".join(f'    """{text}""",\n' for text in texts) + "]\n"
        for name, texts in (("SQLITE", sqlite), ("POSTGRES", postgres))
    ]
    head = '"""The first schema; written by tools/write_first_migration.py."""\n\n# fmt: off\n# ruff: noqa\n'
    return head + "\n".join(lists)


def source() -> str:
    """Return what the file should say now."""
    return written(asyncio.run(statements("sqlite")), asyncio.run(statements("postgres")))


if __name__ == "__main__":
    TARGET.write_text(source(), encoding="utf-8")
