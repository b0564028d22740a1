"""Columns and relations, nothing else. Rows never leave `server.db`; the nouns' own modules map them."""

from server.db.tables.channels import (
    AnswerLinkRow,
    ChannelAccountRow,
    ChannelFactRow,
    ChannelInviteRow,
    ChannelPriceRow,
    ChannelTemplateRow,
    IdentityRow,
    InboxEventRow,
    PaceRow,
    RawEventRow,
)
from server.db.tables.companies import CompanyRow
from server.db.tables.consents import ConsentRow
from server.db.tables.conversations import (
    ChatImportRow,
    ConversationLabelRow,
    ConversationRow,
    InternalNoteRow,
    LabelRow,
    OfficeHoursRow,
    QuickReplyRow,
)
from server.db.tables.customers import ContactRow, CustomerRow
from server.db.tables.jobs import CallRow, JobMemberRow, JobRow, NoteRow
from server.db.tables.logbook import LogbookHeadRow, LogbookRow
from server.db.tables.messages import AttemptRow, MessageRow
from server.db.tables.partners import PartnerContractRow, PartnerRow, ShareLinkRow
from server.db.tables.photos import PhotoRow, PreviewRow, RenditionRow
from server.db.tables.questions import QuestionPhotoRow, QuestionRow
from server.db.tables.sync import DeviceRow, ItemRow, PushRow, UploadRow
from server.db.tables.tasks import TaskRow
from server.db.tables.users import LoginTryRow, SessionRow, SignInLinkRow, UserRow

# Rows of these tables are evidence: the database itself refuses UPDATE and DELETE on them.
APPEND_ONLY = ["logbook", "consent"]

__all__ = [
    "APPEND_ONLY",
    "AnswerLinkRow",
    "AttemptRow",
    "CallRow",
    "ChannelAccountRow",
    "ChannelFactRow",
    "ChannelInviteRow",
    "ChannelPriceRow",
    "ChannelTemplateRow",
    "ChatImportRow",
    "CompanyRow",
    "ConsentRow",
    "ContactRow",
    "ConversationLabelRow",
    "ConversationRow",
    "CustomerRow",
    "DeviceRow",
    "IdentityRow",
    "InboxEventRow",
    "InternalNoteRow",
    "ItemRow",
    "JobMemberRow",
    "JobRow",
    "LabelRow",
    "LogbookHeadRow",
    "LogbookRow",
    "LoginTryRow",
    "MessageRow",
    "NoteRow",
    "OfficeHoursRow",
    "PaceRow",
    "PartnerContractRow",
    "PartnerRow",
    "PhotoRow",
    "PreviewRow",
    "PushRow",
    "QuestionPhotoRow",
    "QuestionRow",
    "QuickReplyRow",
    "RawEventRow",
    "RenditionRow",
    "SessionRow",
    "ShareLinkRow",
    "SignInLinkRow",
    "TaskRow",
    "UploadRow",
    "UserRow",
]
