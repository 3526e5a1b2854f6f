"""CATCH: the backend of a multi-agency case meeting.

Every case event is a fact in an append-only log; agendas, inboxes, audit trails and figures are folded from it.
Start reading in `catch.domain`.
"""
