"""How numbers of people are told outside: small ones not at all, the others rounded, so that none can be worked out.

The method of NHS Digital for figures below the national level (Hospital Episode Statistics, since September 2018).
Nothing else need be held back: what is rounded cannot be subtracted. It stands at the boundary, after all computing;
curves, intervals and what does not count people are not rounded.
"""

SMALL = 7
"""The largest number of people that is not told."""
NEAREST = 5


def rounded(count: int) -> int:
    """To the nearest five; halfway cannot be."""
    return (count + NEAREST // 2) // NEAREST * NEAREST


def published(count: int) -> int | None:
    """0 is told as 0, 1 to 7 as None (shown as `*`), the rest to the nearest 5. Raises ValueError below 0."""
    if count < 0:
        raise ValueError("people are counted from 0")
    if 0 < count <= SMALL:
        return None
    return rounded(count)


def published_share(count: int, of: int) -> float | None:
    """Of the rounded numbers; None where either is not told, or there is nobody."""
    told, told_of = published(count), published(of)
    return None if told is None or not told_of else min(1.0, told / told_of)


def published_mean(mean: float | None, people: int) -> float | None:
    """A mean over few is not told: it would be what is known of each of them."""
    return mean if published(people) else None
