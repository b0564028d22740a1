from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import key, link, word


class TaskRow(Model):
    """Work to be done after a commit (engines.md §1.3): claimed by lease and fence, visible when it is dead."""

    id = key()
    company_id: UUID | None
    company = link("CompanyRow")
    kind = fields.CharField(64)
    payload = fields.JSONField[dict[str, object]](default=dict)
    dedup = fields.CharField(200, null=True, unique=True)
    state = word("ready")
    run_at = fields.DatetimeField()
    attempts = fields.IntField(default=0)
    lease_until = fields.DatetimeField(null=True)
    fence = fields.CharField(32, null=True)
    error = fields.TextField(default="")
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "task"
        # `kind` last, so that who looks for one kind passes over another without touching its rows.
        indexes = (("state", "run_at", "id", "kind"),)
