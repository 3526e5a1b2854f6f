"""What people ask of what is kept of them, and by when it has to be answered: for those who answer for their data."""
