from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key


class LogbookRow(Model):
    """Who did what, when: append-only and hash-chained per company. No foreign keys: it outlives its subjects."""

    id = key()
    company_id: UUID
    company = company()
    seq = fields.BigIntField()
    at = fields.DatetimeField()
    actor_id = fields.UUIDField(null=True)
    actor_name = fields.CharField(200)
    verb = fields.CharField(64)
    subject_kind = fields.CharField(32)
    subject_id = fields.UUIDField()
    job_id = fields.UUIDField(null=True)
    data = fields.TextField()
    prev_hash = fields.CharField(64)
    hash = fields.CharField(64)

    class Meta:
        table = "logbook"
        unique_together = (("company_id", "seq"),)
        indexes = (("company_id", "job_id", "seq"), ("company_id", "subject_id", "seq"))


class LogbookHeadRow(Model):
    """The last link of each company's chain; locked while a new one is forged."""

    company_id: UUID
    company = company()
    id = key()
    seq = fields.BigIntField()
    hash = fields.CharField(64)

    class Meta:
        table = "logbook_head"
