from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class ConversationRow(Model):
    """One thread per person over all messengers; `person_key` is `contact:<id>`, or `<channel>:<kind>:<value>` of a stranger."""

    id = key()
    company_id: UUID
    company = company()
    person_key = fields.CharField(300)
    contact_id: UUID | None
    contact = link("ContactRow")
    assignee_id: UUID | None
    assignee = link("UserRow")
    state = word("open")
    waiting_since = fields.DatetimeField(null=True)
    last_at = fields.DatetimeField()
    last_message_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    rev = fields.IntField(default=1)

    class Meta:
        table = "conversation"
        unique_together = (("company_id", "person_key"),)
        indexes = (
            ("company_id", "state", "last_at"),
            ("company_id", "last_at"),
            ("company_id", "waiting_since"),
        )


class LabelRow(Model):
    """A word of the firm's own for conversations; `code` names the two preset ones."""

    id = key()
    company_id: UUID
    company = company()
    code = word("")
    name = fields.CharField(60)
    place = fields.IntField(default=0)
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "label"
        indexes = (("company_id", "place"),)


class ConversationLabelRow(Model):
    id = key()
    company_id: UUID
    company = company()
    conversation_id: UUID
    conversation = owner("ConversationRow")
    label_id: UUID
    label = owner("LabelRow")

    class Meta:
        table = "conversation_label"
        unique_together = (("company_id", "conversation_id", "label_id"),)


class InternalNoteRow(Model):
    """What colleagues say to each other beside a conversation or a job. Never a message: nothing can send it."""

    id = key()
    company_id: UUID
    company = company()
    conversation_id: UUID | None
    conversation = link("ConversationRow")
    job_id: UUID | None
    job = link("JobRow")
    author_id: UUID
    author = owner("UserRow")
    text = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "internal_note"
        indexes = (("company_id", "conversation_id", "id"), ("company_id", "job_id", "id"))


class QuickReplyRow(Model):
    id = key()
    company_id: UUID
    company = company()
    title = fields.CharField(80)
    text = fields.TextField()
    place = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "quick_reply"
        indexes = (("company_id", "place"),)


class OfficeHoursRow(Model):
    """When the firm can be reached and what is said by itself when it cannot; one row per company at most.

    `week` holds for Monday to Sunday a list of (from, until) as "HH:MM"; `closed` single days as ISO dates.
    """

    id = key()
    company_id: UUID
    company = company()
    week = fields.JSONField[list[list[list[str]]]](default=list)
    state = word("")
    closed = fields.JSONField[list[str]](default=list)
    greeting_on = fields.BooleanField(default=False)
    greeting = fields.TextField(default="")
    away_on = fields.BooleanField(default=False)
    away = fields.TextField(default="")
    quiet_from = fields.CharField(5, default="")
    quiet_until = fields.CharField(5, default="")
    job_code = fields.BooleanField(default=True)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "office_hours"
        unique_together = (("company_id",),)


class ChatImportRow(Model):
    """An exported chat that was read into jobs: evidence of nothing, only a record."""

    id = key()
    company_id: UUID
    company = company()
    contact_id: UUID | None
    contact = link("ContactRow")
    author_id: UUID
    author = owner("UserRow")
    name = fields.CharField(300)
    sha256 = fields.CharField(64)
    storage_key = fields.CharField(300, default="")
    state = word()
    summary = fields.JSONField[dict[str, object]](default=dict)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "chat_import"
        indexes = (("company_id", "id"),)
