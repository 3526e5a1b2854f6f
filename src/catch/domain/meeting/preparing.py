"""Until its callers have moved: see `adding` and `drafting` and `editing`."""

from catch.domain.meeting.adding import AddItem as AddItem
from catch.domain.meeting.adding import AddLateItem as AddLateItem
from catch.domain.meeting.drafting import DraftAgenda as DraftAgenda
from catch.domain.meeting.drafting import PublishAgenda as PublishAgenda
from catch.domain.meeting.editing import ChangeTimebox as ChangeTimebox
from catch.domain.meeting.editing import MoveItem as MoveItem
from catch.domain.meeting.editing import PullFromNoting as PullFromNoting
from catch.domain.meeting.editing import RemoveItem as RemoveItem
