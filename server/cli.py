"""The commands of the console script. Exit codes: 0 done, 1 failed with one plain sentence, 2 wrong words."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server import commands
from server.commands import Failed
from server.db.connect import FAILURES
from server.db.migrate import MigrationError
from server.domain.errors import DomainError
from server.domain.users import Role
from server.holding import Held
from server.settings import Settings, from_environment
from server.web.words import sentence

Words = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, what it does, and what to do instead while a server holds the data folder."""

    words: str
    run: Callable[[Settings, Words], None]
    help: str
    arguments: Sequence[tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=tuple)
    instead: str = ""


LOGIN = (("login",), {"help": "name the person signs in with"})
FILE = (("file",), {"type": Path})
ADDRESS = (
    (("--host",), {"default": "127.0.0.1"}),
    (("--port",), {"type": int, "default": 8000}),
)
COMMANDS = (
    Command("serve", commands.serve, "bring the database up to date and serve", ADDRESS),
    Command("demo", commands.demo, "serve a filled company with sandbox messengers", ADDRESS),
    Command("worker", commands.worker, "run background work beside servers on PostgreSQL"),
    Command("migrate", commands.migrate, "bring the database up to date", (), "Der Server tut das beim Start selbst."),
    Command("doctor", commands.doctor, "check this installation, one verdict a line"),
    Command(
        "company create",
        commands.create_company,
        "found a company",
        ((("name",), {}),),
        "Die Firmendaten stehen auf der Seite /settings.",
    ),
    Command(
        "user create",
        commands.create_user,
        "invite a person",
        (
            LOGIN,
            (("--company",), {"required": True, "help": "name or id"}),
            (("--role",), {"required": True, "choices": [role.value for role in Role]}),
            (("--name",), {"help": "name that others see (default: the login)"}),
            (("--password-stdin",), {"action": "store_true"}),
        ),
        "Neue Mitarbeiter: Seite /users/new.",
    ),
    Command("user link", commands.link_user, "print a one-time sign-in link", (LOGIN,), "Handy koppeln: Seite /users."),
    Command(
        "token create",
        commands.create_token,
        "print a bearer token, once",
        (LOGIN, (("--name",), {"required": True, "help": "what the token is for"})),
        "Zugänge für Programme: Seite /account.",
    ),
    Command("backup", commands.backup, "write database and photos to one file", (FILE,)),
    Command("restore", commands.restore, "bring a backup back into an empty folder", (FILE,), "Bitte zuerst den Server anhalten."),
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; two words make a group."""
    top = argparse.ArgumentParser(
        prog="zollstock", description="Site photos, customer questions and consent."
    )
    level = top.add_subparsers(required=True, metavar="COMMAND")
    groups: dict[str, Any] = {}
    for command in COMMANDS:
        first, _, second = command.words.partition(" ")
        if second and first not in groups:
            group = level.add_parser(first, help=f"{first} …")
            groups[first] = group.add_subparsers(required=True, metavar="COMMAND")
        made = (groups[first] if second else level).add_parser(second or first, help=command.help)
        made.add_argument("--data", type=Path, help="folder of database and photos (default: ./data)")
        for names, options in command.arguments:
            made.add_argument(*names, **options)
        made.set_defaults(command=command)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = parser().parse_args(argv)
    settings = from_environment(data=words.data)
    try:
        words.command.run(settings, words)
    except DomainError as refused:
        return _fail(sentence(refused.code, "de", refused.values))
    except Held:
        return _fail(
            f"Mit dem Ordner {settings.data} läuft schon ein Server. {words.command.instead}".strip()
        )
    except (Failed, ValueError, OSError) as failed:
        return _fail(str(failed))
    except MigrationError as failed:
        return _fail(
            f"Die Datenbank in {settings.data} passt nicht zu diesem Programm. Nichts wurde geändert. Bitte das passende"
            f" Programm nehmen oder mit --data einen neuen Ordner. ({failed})"
        )
    except FAILURES as failed:
        return _fail(f"Die Datenbank antwortet nicht: {failed}")
    except KeyboardInterrupt:
        return 130
    return 0


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
