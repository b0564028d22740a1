from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class ConsentRow(Model):
    """One line of the consent ledger: given or withdrawn, in which words, shown by what."""

    id = key()
    company_id: UUID
    company = company()
    contact_id: UUID
    contact = owner("ContactRow")
    channel = word()
    purpose = word()
    verb = word()
    wording = fields.TextField()
    wording_hash = fields.CharField(64)
    proof = word()
    proof_ref = fields.TextField(default="")
    proof_sha256 = fields.CharField(64, default="")
    giver = fields.CharField(200)
    job_id: UUID | None
    job = link("JobRow")
    partner_id: UUID | None
    partner = link("PartnerRow")
    recorded_by_id: UUID | None
    recorded_by = link("UserRow")
    at = fields.DatetimeField()
    local_time = fields.CharField(40)
    received_at = fields.DatetimeField(null=True)
    device_id: UUID | None
    device = link("DeviceRow")

    class Meta:
        table = "consent"
        indexes = (("company_id", "contact_id", "channel", "purpose", "id"),)
