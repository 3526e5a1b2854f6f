"""All that is kept of somebody, for them: gathered from the log, weighed by what may be given, written as one file.

Read `gathering` (every fact that is about them), `content` (what of each is given, and what of it a person has to look
at first), then `page`.
"""
