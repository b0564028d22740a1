from typing import Any
from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class PhotoRow(Model):
    """A photo from the moment a phone announces it; `storage_key` is set once its bytes are safe.

    `medium` is image, video or audio. `late`: it came after its job was closed. `twin_of` is an earlier photo with
    the same bytes, `pair_of` the photo from before that it was taken over. `person`: somebody can be recognised, and
    whether that is settled.
    """

    id = key()
    company_id: UUID
    company = company()
    job_id: UUID | None
    job = link("JobRow")
    job_hint = fields.CharField(300, default="")
    source = word("worker")
    author_id: UUID | None
    author = link("UserRow")
    contact_id: UUID | None
    contact = link("ContactRow")
    state = word()
    problem = word("")
    captured_at = fields.DatetimeField()
    offset_min = fields.IntField(default=0)
    received_at = fields.DatetimeField()
    stored_at = fields.DatetimeField(null=True)
    caption = fields.TextField(default="")
    phase = word("")
    tags = fields.JSONField[list[str]](default=list)
    position = fields.JSONField[dict[str, float]](null=True)
    sha256 = fields.CharField(64)
    size_bytes = fields.BigIntField()
    mime = fields.CharField(100)
    storage_key = fields.CharField(300, null=True)
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    decode = word("waiting")
    decode_code = word("")
    review = word("new")
    review_note = fields.TextField(default="")
    reviewed_at = fields.DatetimeField(null=True)
    reviewed_by_id: UUID | None
    reviewed_by = link("UserRow")
    search_text = fields.TextField(default="")
    medium = word("image")
    duration_ms = fields.IntField(null=True)
    late = fields.BooleanField(default=False)
    twin_of_id = fields.UUIDField(null=True)
    pair_of_id = fields.UUIDField(null=True)
    person = word("")
    deleted_at = fields.DatetimeField(null=True)
    deleted_by_id: UUID | None
    deleted_by = link("UserRow")
    rev = fields.IntField(default=1)

    class Meta:
        table = "photo"
        indexes = (("company_id", "job_id", "id"), ("company_id", "review", "id"), ("company_id", "sha256"))


class PreviewRow(Model):
    """The small picture the phone made (≤ 20 kB JPEG), shown until our own renditions exist."""

    photo: Any = fields.OneToOneField(
        "server.PhotoRow", primary_key=True, related_name=False, on_delete=fields.RESTRICT
    )
    company_id: UUID
    company = company()
    data = fields.BinaryField()

    class Meta:
        table = "photo_preview"


class RenditionRow(Model):
    id = key()
    company_id: UUID
    company = company()
    photo_id: UUID
    photo = owner("PhotoRow")
    name = word()
    storage_key = fields.CharField(300)
    mime = fields.CharField(100)
    width = fields.IntField()
    height = fields.IntField()
    size_bytes = fields.BigIntField()
    sha256 = fields.CharField(64)

    class Meta:
        table = "rendition"
        unique_together = (("company_id", "photo_id", "name"),)
