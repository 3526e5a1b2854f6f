"""Who is to be erased, and what keeps it from them: for the Caldicott contacts who answer for it."""
