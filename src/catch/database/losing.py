"""How it shows that the database is away."""

from logging import Logger

import asyncpg


class Silent(ConnectionError):
    """The database does not answer: nothing is asked of it until it does."""


class Demoted(ConnectionError):
    """The server has become a standby, or was one from the beginning: nothing can be recorded there."""


class NotLetIn(ConnectionError):
    """The database takes no connection just now, though it did when this process began."""


LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server said goodbye between two statements
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, or ended by an administrator
    asyncpg.ReadOnlySQLTransactionError,  # this server has become a standby
    asyncpg.InsufficientResourcesError,
)


def lost(error: BaseException) -> bool:
    """Is the database away? A statement in flight may or may not have been committed.

    asyncpg's complaint about an argument that cannot be encoded is an InterfaceError too, and a ValueError.
    """
    return isinstance(error, LOST) and not isinstance(error, ValueError)


class Trouble:
    """What stands in the way of something that is tried again and again: one line in the server's log for all tries
    that fail alike. `said` has a place for what it is.
    """

    def __init__(self, logger: Logger, said: str) -> None:
        self._logger = logger
        self._said = said
        self._known = ""

    def met(self, error: BaseException) -> None:
        name = type(error).__name__
        if name != self._known:
            self._logger.warning(self._said, name)
        self._known = name

    def over(self) -> None:
        self._known = ""
