"""Figures of the whole installation, by state."""

from server.db.sql import rows

_STATES = {
    "photos": "SELECT state, COUNT(*) AS number FROM photo GROUP BY state",
    "tasks": "SELECT state, COUNT(*) AS number FROM task GROUP BY state",
    "questions": "SELECT state, COUNT(*) AS number FROM question GROUP BY state",
    "messages": "SELECT state, COUNT(*) AS number FROM message GROUP BY state",
}


async def of_system() -> list[tuple[str, str, int]]:
    """Return (what, state, how many)."""
    return [
        (name, row["state"], int(row["number"]))
        for name, statement in _STATES.items()
        for row in await rows(statement)
    ]
