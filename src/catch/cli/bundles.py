"""Bundles as the commands write them: once all that was recorded until now is signed."""

from pathlib import Path

from catch.app import Catch
from catch.evidence import kept
from catch.evidence.exporting import Asked, Shown, export
from catch.evidence.verifying import Progress, Verified
from catch.log.migrations import event_schemas

SIGNED_WITHIN = 10.0
COSIGNED_WITHIN = 5.0
"""Seconds. A witness that does not answer is waited for no longer, and is missing."""


async def written(
    catch: Catch,
    path: Path,
    asked: Asked,
    *,
    shown: Shown,
    since: Path | None = None,
    texts: str | None = None,
    progress: Progress | None = None,
) -> Verified:
    """As `export`, with this place's key and the schemas of all facts."""
    head = await catch.log.head()
    await catch.signing.reached(head, SIGNED_WITHIN)
    await catch.cosigning.reached(head, COSIGNED_WITHIN)
    secret = catch.keyring.secret(kept.PURPOSE)
    return await export(
        catch.log,
        secret,
        path,
        asked,
        schemas=event_schemas(),
        shown=shown,
        since=since,
        texts=texts,
        least=head,
        progress=progress,
    )
