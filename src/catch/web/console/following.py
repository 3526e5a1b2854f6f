"""What an open page follows: whatever shows a case, a meeting or an inbox is drawn anew when it is another to its
reader, so that nothing stays on a screen that is no longer theirs."""

Follows = list[dict[str, object]]

INBOX: Follows = [{"document": "follow_inbox_position", "variables": {}}]


def of_case(id_: str) -> Follows:
    return [{"document": "follow_case_position", "variables": {"id": id_}}]


def of_meeting(id_: str) -> Follows:
    return [{"document": "follow_meeting_position", "variables": {"id": id_}}]
