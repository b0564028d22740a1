from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, owner, word


class PartnerRow(Model):
    """A firm photos may be passed on to, once the customer agreed and a contract is on file."""

    id = key()
    company_id: UUID
    company = company()
    name = fields.CharField(200)
    trade = fields.CharField(100, default="")
    email = fields.CharField(254, default="")
    phone = fields.CharField(20, default="")
    created_at = fields.DatetimeField()
    archived_at = fields.DatetimeField(null=True)
    rev = fields.IntField(default=1)

    class Meta:
        table = "partner"
        indexes = (("company_id", "id"),)


class PartnerContractRow(Model):
    """The contract about the data: `kind` is processor (AVV) or own_responsibility."""

    id = key()
    company_id: UUID
    company = company()
    partner_id: UUID
    partner = owner("PartnerRow")
    kind = word()
    signed_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    reference = fields.CharField(300, default="")
    storage_key = fields.CharField(300, default="")
    sha256 = fields.CharField(64, default="")
    recorded_by_id: UUID
    recorded_by = owner("UserRow")
    created_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "partner_contract"
        indexes = (("company_id", "partner_id", "id"),)


class ShareLinkRow(Model):
    """Photos of a job behind an address for one partner. Whether and how often it is opened stands nowhere."""

    id = key()
    company_id: UUID
    company = company()
    job_id: UUID
    job = owner("JobRow")
    partner_id: UUID
    partner = owner("PartnerRow")
    photo_ids = fields.JSONField[list[str]]()
    token_hash = fields.CharField(64, unique=True)
    created_by_id: UUID
    created_by = owner("UserRow")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "share_link"
        indexes = (("company_id", "job_id"), ("company_id", "partner_id"))
