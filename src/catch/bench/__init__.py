"""Measures the log beside what else could be picked: `catch bench log`.

Read `shape` (what is printed), `log` (one run from start to end), then what it is made of: `peers` (pgbench and the
stock recorder), `appends` (ours), `history` (a long log from a year's facts), `reads` and `rebuilds`, `growth`.
"""
