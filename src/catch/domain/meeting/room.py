"""Until its callers have moved: see `attendance` and `session`."""

from catch.domain.meeting.attendance import AcceptConfidentiality as AcceptConfidentiality
from catch.domain.meeting.attendance import DeclareInterest as DeclareInterest
from catch.domain.meeting.attendance import JoinMeeting as JoinMeeting
from catch.domain.meeting.attendance import LeaveMeeting as LeaveMeeting
from catch.domain.meeting.attendance import ResolveInterest as ResolveInterest
from catch.domain.meeting.attendance import SendApology as SendApology
from catch.domain.meeting.session import AdjournMeeting as AdjournMeeting
from catch.domain.meeting.session import ConfirmMinutes as ConfirmMinutes
from catch.domain.meeting.session import EndMeeting as EndMeeting
from catch.domain.meeting.session import ResumeMeeting as ResumeMeeting
from catch.domain.meeting.session import StartMeeting as StartMeeting
