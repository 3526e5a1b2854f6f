"""The messages that every subscription has besides its own: hidden, resynchronise, access ended."""

import strawberry

from catch.api.common.scalars import Position


@strawberry.type(description="Something happened that this viewer may not see.")
class Hidden:
    position: Position


@strawberry.type(description="Query a snapshot at least as new as this position, then subscribe after it.")
class ResyncRequired:
    position: Position
    reason: str


@strawberry.type(description="The right to follow this has ended; the subscription completes.")
class AccessEnded:
    position: Position
    reason: str


class GraphQLNotices:
    """Makes them for the feed."""

    def hidden(self, position: int) -> Hidden:
        return Hidden(position=Position(position))

    def resync(self, position: int, reason: str) -> ResyncRequired:
        return ResyncRequired(position=Position(position), reason=reason)

    def ended(self, position: int, reason: str) -> AccessEnded:
        return AccessEnded(position=Position(position), reason=reason)
