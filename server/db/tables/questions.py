from uuid import UUID

from tortoise import Model, fields

from server.db.tables.columns import company, key, link, owner, word


class QuestionRow(Model):
    """A question to the customer, from draft to answer; states in contracts.md."""

    id = key()
    company_id: UUID
    company = company()
    job_id: UUID | None
    job = link("JobRow")
    job_hint = fields.CharField(300, default="")
    contact_id: UUID | None
    contact = link("ContactRow")
    author_id: UUID
    author = owner("UserRow")
    text = fields.TextField()
    search_text = fields.TextField(default="")
    choices = fields.JSONField[list[dict[str, str]]](default=list)
    state = word()
    channel = word("")
    blocked_code = fields.CharField(64, default="")
    blocked_values = fields.JSONField[dict[str, str]](default=dict)
    captured_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    released_by_id: UUID | None
    released_by = link("UserRow")
    send_after = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)
    answer_choice = fields.CharField(32, default="")
    answer_text = fields.TextField(default="")
    answer_channel = word("")
    seen_by_author_at = fields.DatetimeField(null=True)
    seen_by_office_at = fields.DatetimeField(null=True)
    rev = fields.IntField(default=1)

    class Meta:
        table = "question"
        indexes = (("company_id", "job_id", "id"), ("company_id", "state", "id"))


class QuestionPhotoRow(Model):
    """A photo a question shows. No foreign key: the question may arrive before its photo is announced."""

    id = key()
    company_id: UUID
    company = company()
    question_id: UUID
    question = owner("QuestionRow")
    photo_id = fields.UUIDField()
    place = fields.IntField()

    class Meta:
        table = "question_photo"
        unique_together = (("company_id", "question_id", "photo_id"),)
        indexes = (("company_id", "photo_id"),)
