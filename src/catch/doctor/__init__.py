"""What is wrong with a log and with what was made of it.

Read `checks` (each names one kind of damage; a new one goes there), then `examining`.
"""

from catch.doctor.checks import Finding
from catch.doctor.examining import Report, examined, examined_at_start

__all__ = ["Finding", "Report", "examined", "examined_at_start"]
