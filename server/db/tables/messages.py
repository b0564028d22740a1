from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class MessageRow(Model):
    """One thing said: outgoing it is exactly one call at the platform, incoming one message of the customer."""

    id = key()
    company_id: UUID
    company = company()
    contact_id: UUID | None
    contact = link("ContactRow")
    job_id: UUID | None
    job = link("JobRow")
    question_id: UUID | None
    question = link("QuestionRow")
    account_id: UUID | None
    account = link("ChannelAccountRow")
    photo_id: UUID | None
    photo = link("PhotoRow")
    channel = word()
    direction = word()
    kind = word()
    text = fields.TextField(default="")
    step = fields.JSONField[dict[str, object]](null=True)
    place = fields.IntField(default=0)
    recipient_kind = word("")
    recipient = fields.CharField(200, default="")
    profile_name = fields.CharField(200, default="")
    state = word()
    foreign_id = fields.CharField(200, null=True)
    context_id = fields.CharField(200, default="")
    error_code = fields.CharField(64, default="")
    error_detail = fields.TextField(default="")
    at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    seen_by_office_at = fields.DatetimeField(null=True)
    author_id: UUID | None
    author = link("UserRow")
    conversation_id: UUID | None
    conversation = link("ConversationRow")
    run_id = fields.UUIDField(null=True)
    chat_import_id: UUID | None
    chat_import = link("ChatImportRow")
    send_after = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)
    read_at = fields.DatetimeField(null=True)
    edited_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    category = word("")
    billable = fields.BooleanField(null=True)
    verified = fields.BooleanField(default=True)
    introduces = fields.BooleanField(default=False)

    class Meta:
        table = "message"
        unique_together = (("company_id", "account_id", "foreign_id"),)
        indexes = (
            ("company_id", "job_id", "id"),
            ("company_id", "contact_id", "channel", "id"),
            ("company_id", "state", "id"),
            ("company_id", "conversation_id", "id"),
            ("company_id", "run_id"),
            # Every page's head counts what nobody at the office has seen.
            ("company_id", "direction", "seen_by_office_at"),
        )


class AttemptRow(Model):
    """One try to send a message. Written and committed before the first byte leaves."""

    id = key()
    company_id: UUID
    company = company()
    message_id: UUID
    message = owner("MessageRow")
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    outcome = word("")
    detail = fields.TextField(default="")

    class Meta:
        table = "attempt"
        indexes = (("company_id", "message_id"),)
