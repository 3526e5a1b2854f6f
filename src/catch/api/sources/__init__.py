"""Behind the subscriptions: which facts concern a meeting, a case or an inbox, who may see them, what each says.

State and rights are those of now, for live and for replayed messages alike: what somebody has lost the right to is not
delivered late. A viewer class names a person only where a rule names them.
"""

from catch.api.sources.case import CaseSource
from catch.api.sources.inbox import InboxSource
from catch.api.sources.meeting import MeetingSource

__all__ = ["CaseSource", "InboxSource", "MeetingSource"]
