from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class ItemRow(Model):
    """The ledger of everything phones announced: one row per capture id, whatever its kind.

    `asked_job_id` is the job the phone named, also when it is not here (yet): what came before its job finds it.
    """

    id = key()
    company_id: UUID
    company = company()
    user_id: UUID
    user = owner("UserRow")
    device_id: UUID | None
    device = link("DeviceRow")
    kind = word()
    asked_job_id = fields.UUIDField(null=True)
    content_hash = fields.CharField(64)
    body = fields.JSONField[dict[str, object]]()
    captured_at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    skew_ms = fields.BigIntField(null=True)
    tombstone_at = fields.DatetimeField(null=True)
    rev = fields.IntField(default=1)

    class Meta:
        table = "sync_item"
        indexes = (("company_id", "user_id", "id"), ("company_id", "asked_job_id"))


class UploadRow(Model):
    """A resumable upload that is not finished; its offset is the size of the part file, nothing else."""

    id = key()
    company_id: UUID
    company = company()
    user_id: UUID
    user = owner("UserRow")
    size_bytes = fields.BigIntField()
    sha256 = fields.CharField(64, null=True)
    filename = fields.CharField(255, default="")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    bad_hashes = fields.IntField(default=0)

    class Meta:
        table = "upload"
        indexes = (("expires_at",),)


class DeviceRow(Model):
    """A phone as it names itself; what it says it still holds is shown to the office.

    `others` of its things belong to people who signed out on it. `condition` is what the phone says of its storage. `order` is what the office told it to do about its data
    (domain/devices.py), obeyed at `obeyed_at`.
    """

    id = key()
    company_id: UUID
    company = company()
    user_id: UUID
    user = owner("UserRow")
    name = fields.CharField(200, default="")
    unsent = fields.IntField(default=0)
    others = fields.IntField(default=0)
    oldest_at = fields.DatetimeField(null=True)
    client = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    version = fields.CharField(40, default="")
    problems = fields.IntField(default=0)
    condition = fields.JSONField[dict[str, object]](default=dict)
    reported_at = fields.DatetimeField(null=True)
    reminded_at = fields.DatetimeField(null=True)
    order = word("")
    ordered_at = fields.DatetimeField(null=True)
    ordered_by_id: UUID | None
    ordered_by = link("UserRow")
    obeyed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "device"
        indexes = (("company_id", "user_id"),)


class PushRow(Model):
    """Where a phone's browser takes messages while the app is closed (RFC 8030); one per browser."""

    id = key()
    company_id: UUID
    company = company()
    user_id: UUID
    user = owner("UserRow")
    device_id: UUID | None
    device = link("DeviceRow")
    endpoint = fields.CharField(1000, unique=True)
    p256dh = fields.CharField(200)
    auth = fields.CharField(100)
    created_at = fields.DatetimeField()

    class Meta:
        table = "push_subscription"
        indexes = (("company_id", "user_id"),)
