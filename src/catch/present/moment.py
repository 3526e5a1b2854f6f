"""For how long what is known now may be taken for true."""

from datetime import timedelta

FRESH = timedelta(seconds=1)
"""What was read stays good while nothing new is heard, but no longer than this: rights end by the clock as well."""
