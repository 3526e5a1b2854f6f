"""Cases that were opened in an emergency: for whoever opened them, for who looks into it, and for auditors."""
