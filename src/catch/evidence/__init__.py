"""What happened can be proved, to somebody who trusts nobody here.

Read `tree` (the Merkle tree of RFC 6962), `leaves` (what is proved of a fact) and `notes` (signed, as text): values in,
values out, and all that a verifier needs.
"""
