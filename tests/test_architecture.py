"""The walls of the house: who may import whom (docs/architecture.md), read from the syntax tree."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SERVER = ROOT / "server"

RANKS = {
    **dict.fromkeys(["domain", "clock", "ids", "log", "settings", "words"], 0),
    **dict.fromkeys(["db", "channels", "storage", "imaging", "reports", "webpush"], 1),
    **dict.fromkeys(["services", "actions"], 2),
    **dict.fromkeys(["worker", "web"], 3),
    **dict.fromkeys(["pages", "api", "sandbox"], 4),
    **dict.fromkeys(["app", "cli", "commands", "archive", "checkup", "holding", "demo", "__main__"], 5),
}
# Inside one rank a package keeps to itself, but for these.
SIDEWAYS = {("actions", "services")}
# The sandbox plays the other side of the wire: it knows the web framework and nothing of ours but pure types.
ONLY = {"sandbox": {"domain", "clock", "ids", "log", "words", "sandbox"}, "domain": {"domain"}}
OUTSIDE = {
    "tortoise": {"db"},
    "asyncpg": {"db"},
    "aiosqlite": {"db"},
    "pysqlite3": {"db"},
    "PIL": {"imaging", "demo"},
    "pillow_heif": {"imaging"},
    "obstore": {"storage"},
    "starlette": {"web", "pages", "api", "app", "sandbox", "demo"},
    "granian": {"commands"},
    "jinja2": {"web", "sandbox"},
    "phonenumbers": {"actions"},
    "nacl": {"channels", "sandbox"},
    "websockets": {"channels"},
    "aiosmtplib": {"channels"},
    "imap_tools": {"channels"},
}
WRITES = ("insert_", "set_", "delete_", "add_", "remove_", "claim", "settle")


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """Let go of the trees when the last test here has read them: they are a million small things."""
    yield
    modules.cache_clear()
    imported.cache_clear()


@cache
def modules() -> list[tuple[Path, ast.Module]]:
    return [
        (path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
        for path in sorted(SERVER.rglob("*.py"))
    ]


def package_of(path: Path) -> str:
    first = path.relative_to(SERVER).parts[0]
    return first.removesuffix(".py")


@cache
def imported(tree: ast.Module) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.append((node.module or "", [alias.name for alias in node.names]))
    return found


def edges() -> Iterator[tuple[Path, str, str, list[str]]]:
    """Yield (file, its package, imported package of ours, names) for every import inside server/."""
    for path, tree in modules():
        for module, names in imported(tree):
            parts = module.split(".")
            if parts[0] != "server":
                continue
            targets = [parts[1]] if len(parts) > 1 else names
            for target in targets:
                yield path, package_of(path), target, names


def test_every_package_has_a_rank() -> None:
    unknown = {package_of(path) for path, _ in modules()} - set(RANKS) - {"__init__"}
    assert not unknown, f"no rank for {sorted(unknown)}"


def test_imports_point_downwards() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {source} imports {target}"
        for path, source, target, _ in edges()
        if target != source
        and (source, target) not in SIDEWAYS
        and RANKS[target] >= RANKS[source]
        and RANKS[source] != 5
        and RANKS[target] != 0
    ]
    assert not wrong, "\n".join(wrong)


def test_nobody_imports_the_application() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path, source, target, _ in edges()
        if RANKS[target] == 5 and RANKS[source] != 5
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", sorted(ONLY))
def test_closed_packages(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path, source, target, _ in edges()
        if source == package and target not in ONLY[package]
    ]
    assert not wrong, "\n".join(wrong)


def test_channels_do_not_know_each_other() -> None:
    """A messenger's folder knows itself and what all share (`base*.py`)."""
    wrong = []
    for path, tree in modules():
        inside = path.relative_to(SERVER).parts
        if inside[0] != "channels" or inside[1] in {"__init__.py", "base.py"}:
            continue
        family = inside[1].removesuffix(".py")
        others = {
            module.split(".")[2] for module, _ in imported(tree) if module.startswith("server.channels.")
        }
        wrong += [
            f"{'/'.join(inside)} imports {one}"
            for one in others
            if one != family and one.split("_")[0] != "base"
        ]
    assert not wrong, "\n".join(wrong)


def test_foreign_libraries_stay_in_their_rooms() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path, tree in modules()
        for module, _ in imported(tree)
        if module.split(".")[0] in OUTSIDE and package_of(path) not in OUTSIDE[module.split(".")[0]]
    ]
    assert not wrong, "\n".join(wrong)


def test_domain_is_pure() -> None:
    """No await, no I/O, no clock: time and randomness are arguments."""
    wrong = []
    allowed_roots = {
        "collections", "dataclasses", "datetime", "enum", "functools", "hashlib", "hmac", "itertools", "json",
        "math", "re", "string", "typing", "unicodedata", "urllib", "uuid", "zoneinfo", "server", "base64", "types",
        "email", "operator", "binascii",
    }  # fmt: skip
    for path, tree in modules():
        if package_of(path) != "domain":
            continue
        for module, _ in imported(tree):
            if module.split(".")[0] not in allowed_roots:
                wrong.append(f"{path.name} imports {module}")
        for node in ast.walk(tree):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await):
                wrong.append(f"{path.name}:{node.lineno} awaits")
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                wrong.append(f"{path.name}:{node.lineno} reads the clock")
    assert not wrong, "\n".join(wrong)


def test_pages_and_api_only_read_the_database() -> None:
    wrong = []
    for path, tree in modules():
        if package_of(path) not in {"pages", "api", "web"}:
            continue
        aliases = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("server.db")
            for alias in node.names
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
                continue
            if node.value.id in aliases and node.attr.startswith(WRITES):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.value.id}.{node.attr}")
    assert not wrong, "\n".join(wrong)


def test_tables_never_leave_db() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path, tree in modules()
        for module, _ in imported(tree)
        if module.startswith("server.db.tables") and package_of(path) != "db"
    ]
    assert not wrong, "\n".join(wrong)


def test_every_db_function_is_scoped_to_a_company() -> None:
    """The first parameter is company_id; the exceptions answer a question asked before the company is known."""
    exceptions = {
        "by_login",
        "by_token",
        "by_code",
        "by_hash",
        "claim",
        "reap",
        "company_of",
        "every",
        "of_system",
    }
    core = {
        "sqlite",
        "postgres",
        "unit",
        "connect",
        "sql",
        "migrate",
        "hub",
        "guards",
        "__init__",
        "tasks",
        "companies",
        "tries",
        "locks",
    }
    wrong = []
    for path, tree in modules():
        if package_of(path) != "db" or path.parent != SERVER / "db" or path.stem in core:
            continue
        for node in tree.body:
            if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            if any(node.name.startswith(name) for name in exceptions):
                continue
            first = node.args.args[0].arg if node.args.args else ""
            if first != "company_id":
                wrong.append(f"{path.name}:{node.name}")
    assert not wrong, "no company_id first: " + ", ".join(wrong)


def test_no_module_imports_itself_by_detours() -> None:
    """Inside a package, too, imports have one direction."""
    graph: dict[str, set[str]] = {}
    for path, tree in modules():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = set()
        for module, names in imported(tree):
            graph[name] |= {module, *(f"{module}.{one}" for one in names)}
    known = {name: {one for one in found if one in graph and one != name} for name, found in graph.items()}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " → ".join((*way[way.index(name) :], name))
        if name in done:
            return
        for one in sorted(known[name]):
            visit(one, (*way, name))
        done.add(name)

    for name in sorted(known):
        visit(name, ())


def test_only_the_last_nets_catch_everything() -> None:
    # worker/together.py hands every failure on to whoever asked.
    nets = {"worker/loop.py", "worker/pullers.py", "worker/together.py", "web/errors.py", "imaging/child.py"}
    wrong = []
    for path, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = ast.unparse(node.type) if node.type else "everything"
            swallows = not any(isinstance(one, ast.Raise) for one in ast.walk(node))
            if caught in ("everything", "Exception", "BaseException") and swallows:
                wrong.append(f"{path.relative_to(SERVER).as_posix()}:{node.lineno}")
    wrong = [place for place in wrong if place.split(":")[0] not in nets]
    assert not wrong, f"errors are swallowed in {', '.join(wrong)}"


# Called by what is not ours, or kept for the day it is needed; each with the reason.
KEPT = {
    "server.app.process": "granian imports it by name",
    "server.demo.stage.process": "granian imports it by name",
    "server.db.postgres.client_class": "tortoise looks it up",
    "server.db.sqlite.client_class": "tortoise looks it up",
    "server.db.migrate.rebuild": "the first migration that alters a column of SQLite will need it",
    "server.db.tasks.settle": "one of settle_all, and it tells whether the lease was still ours: the proof of the fence",
    "server.db.unit.inside": "the one way to see where a unit ends",
    "server.db.unit.after_commit": "the promise units are built on",
    "server.db.unit.savepoint": "the promise units are built on",
    "server.domain.pace.taken": "the rule that db/pace.py writes in SQL, for its simulation",
    "server.domain.advisor.words": "tools/catalogue.py collects what is to be translated",
}


def defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            names = [one for target in node.targets for one in ast.walk(target)]
            yield from (one.id for one in names if isinstance(one, ast.Name))


def used(name: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of everything a module of ours names: imported, read of a module, or its own."""
    alias: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            alias |= {one.asname: one.name for one in node.names if one.asname}
        if isinstance(node, ast.ImportFrom):
            alias |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
            yield from ((node.module or "", one.name) for one in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in alias:
            yield alias[node.value.id], node.attr
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield name, node.id


def test_nothing_is_left_over() -> None:
    """Every function, class and constant of a module is named somewhere in the server, or kept for a reason."""
    trees = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): tree
        for path, tree in modules()
        if "migrations" not in path.parts
    }
    named = {one for name, tree in trees.items() for one in used(name, tree)}
    left = {
        f"{name}.{one}"
        for name, tree in trees.items()
        for one in defined(tree)
        if (name, one) not in named and one not in ("routes", "__all__") and ".tables" not in name
    }
    assert left <= set(KEPT), f"nobody needs {', '.join(sorted(left - set(KEPT)))}"
    assert set(KEPT) <= left, f"needed again, so not to be excused: {', '.join(sorted(set(KEPT) - left))}"


def test_sizes_are_shown() -> None:
    """A compass, not a fence: prints what has grown, fails never for size."""
    rows = []
    for path, tree in modules():
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > 300:
            rows.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 40:
                    rows.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    print("\n".join(["Larger than we like:", *rows]) if rows else "Everything is small.")
    assert all(path.exists() for path, _ in modules())
