"""Meta's files for pages: pictures uploaded for ninety days, and addresses that open to whoever has them."""

import json
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.sandbox.messenger.rules import Refusal, need
from server.sandbox.platform import image_type
from server.sandbox.world import File, World

MAX_BYTES = 25_000_000
KEPT = timedelta(days=90)


class Store:
    """Files by the name Meta gave them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.files: dict[str, File] = {}

    async def upload(self, request: Request) -> Response:
        """Keep a picture for 90 days; the form's message says what it is."""
        async with request.form(max_files=1, max_fields=2) as form:
            part, message = form.get("filedata"), form.get("message")
            if part is None or isinstance(part, str):
                raise Refusal(100, "The parameter filedata is required")
            data, declared = await part.read(), part.content_type
        try:
            attachment = json.loads(str(message))["attachment"]
            kind, payload = attachment["type"], attachment["payload"]
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(100, "message must hold an attachment") from error
        need(kind == "image" and payload in ({"is_reusable": True}, {}), "attachment must be an image")
        mime = image_type(data)
        need(bool(mime) and mime == declared, "Upload attachment failure: the file is not what its type says")
        need(len(data) <= MAX_BYTES, "Attachment size exceeds allowable limit")
        return JSONResponse({"attachment_id": self.keep(File(data, mime, self._world.now() + KEPT))})

    async def file(self, request: Request) -> Response:
        """Answer a file to whoever has its address, as Meta's file hosts do."""
        file = self.files.get(request.path_params["name"])
        if file is None or file.until < self._world.now():
            return Response("URL signature expired", status_code=403)
        return Response(file.data, media_type=file.mime)

    def url(self, name: str) -> str:
        """Return the address of a file, open to whoever has it."""
        return f"{self._world.address}/graph/_attachments/{name}"

    def keep(self, file: File) -> str:
        """Store a file and return its name."""
        name = str(self._world.chance.randrange(10**14, 10**15))
        self.files[name] = file
        return name

    def alive(self, name: str) -> bool:
        file = self.files.get(name)
        return file is not None and file.until >= self._world.now()
