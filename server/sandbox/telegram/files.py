"""Files at Telegram: a file id for good, and a path below the bot's token that lives an hour."""

from dataclasses import replace
from datetime import timedelta

from server.sandbox.telegram.rules import Refusal, need
from server.sandbox.telegram.updates import Json
from server.sandbox.world import Account, File, World

KEPT = timedelta(days=365)
PATH_LIFE = timedelta(hours=1)
MAX_DOWNLOAD_BYTES = 20_000_000


class Shelf:
    """All files of all bots; `files` has them by their id."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._paths: dict[str, tuple[str, File]] = {}
        self.files: dict[str, File] = {}

    def keep(self, data: bytes, mime: str) -> str:
        """Store a file and return its id."""
        file_id = self._world.new_id("AgAC")
        self.files[file_id] = File(data, mime, self._world.now() + KEPT)
        return file_id

    def offer(self, account: Account, file_id: str) -> Json:
        """Return what getFile says: the path to fetch it by. Raises Refusal."""
        # The thumbnail's id is the photo's with an "s".
        file = self.files.get(file_id) or self.files.get(file_id.removesuffix("s"))
        if file is None or file.until < self._world.now():
            raise Refusal(400, "wrong file_id or the file is temporarily unavailable")
        need(len(file.data) <= MAX_DOWNLOAD_BYTES, "file is too big")
        path = f"photos/file_{len(self._paths)}.{'png' if file.mime == 'image/png' else 'jpg'}"
        self._paths[path] = (account.key, replace(file, until=self._world.now() + PATH_LIFE))
        unique = f"U{file_id[-12:]}"
        return {"file_id": file_id, "file_unique_id": unique, "file_size": len(file.data), "file_path": path}

    def fetch(self, account: Account, path: str) -> bytes:
        """Return the bytes behind a path of this bot. Raises Refusal."""
        owner, file = self._paths.get(path, ("", None))
        if file is None or owner != account.key or file.until < self._world.now():
            raise Refusal(404)
        return file.data
