"""What happened can be proved, to somebody who trusts nobody here.

Read `tree` (the Merkle tree of RFC 6962), `leaves` (what is proved of a fact), `notes` (signed, as text), `bundles`
(facts with their proofs in a file) and `verifying`: values in, values out, and all that a verifier needs. Then `kept`
(what the database keeps of the tree), `signing` (as the log grows), `cosigning` (by witnesses), `examining` (the log
compared with what was signed) and `exporting`. `witness` is what somebody else runs.
"""
