"""Figures of a programme at a position of the log: what they are worked out from, and the working out."""
