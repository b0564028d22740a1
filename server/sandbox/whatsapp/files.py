"""Meta's store of files: strict about photos, addresses that run out, ids that die (W/business-phone-numbers/media)."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.sandbox.platform import MAX_IMAGE_BYTES, address, image_type
from server.sandbox.whatsapp.rules import Refusal, need
from server.sandbox.world import Account, File, World

KEPT = timedelta(days=30)
KEPT_OF_CUSTOMER = timedelta(days=7)
URL_LIFE = timedelta(minutes=5)


class Store:
    """Files by media id, and the addresses that were given out for them."""

    def __init__(self, world: World, account_of: Callable[[Request, str | None], Account]) -> None:
        self._world = world
        self._account = account_of
        self._urls: dict[str, tuple[str, File]] = {}
        self.files: dict[str, File] = {}

    async def upload(self, request: Request) -> Response:
        self._account(request, None)
        async with request.form(max_files=1, max_fields=4) as form:
            need(form.get("messaging_product") == "whatsapp", 100, "messaging_product must be whatsapp")
            part = form.get("file")
            if part is None or isinstance(part, str):
                raise Refusal(131008, "Parameter file is required")
            data = await part.read()
            need(form.get("type") == part.content_type, 131053, "type and the part's content type differ")
        mime = image_type(data)
        need(mime in ("image/jpeg", "image/png"), 131053, "Only image/jpeg and image/png are images here")
        need(mime == part.content_type, 131053, "The file is not what its type says")
        need(len(data) <= MAX_IMAGE_BYTES, 131053, "Image larger than 5 MB")
        return JSONResponse({"id": self.keep(data, mime, KEPT)})

    async def media(self, request: Request) -> Response:
        media_id = request.path_params["media_id"]
        self._account(request, request.query_params.get("phone_number_id", media_id))
        file = self.alive(media_id)
        if file is None:
            raise Refusal(100, f"Object with ID '{media_id}' does not exist")
        key = self._world.new_id("f")
        life = replace(file, until=self._world.now() + URL_LIFE)
        self._urls[key] = (request.query_params["phone_number_id"], life)
        return JSONResponse(
            {
                "messaging_product": "whatsapp",
                "url": address(request, f"/graph/_files/{key}"),
                "mime_type": file.mime,
                "sha256": hashlib.sha256(file.data).hexdigest(),
                "file_size": len(file.data),
                "id": media_id,
            }
        )

    async def file(self, request: Request) -> Response:
        number_id, file = self._urls.get(request.path_params["key"], ("", None))
        if file is None or file.until < self._world.now():
            return Response(status_code=404)
        self._account(request, number_id)
        return Response(file.data, media_type=file.mime)

    def keep(self, data: bytes, mime: str, life: timedelta) -> str:
        media_id = str(self._world.chance.randrange(10**14, 10**15))
        self.files[media_id] = File(data, mime, self._world.now() + life)
        return media_id

    def alive(self, media_id: str) -> File | None:
        file = self.files.get(media_id)
        return file if file and file.until >= self._world.now() else None
