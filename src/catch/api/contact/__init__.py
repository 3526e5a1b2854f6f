"""Contacts at a front door: the list that its keepers work from, one of them, and how many were resolved at once."""
