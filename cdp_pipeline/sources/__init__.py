"""Export files read once and strictly: claimed, cut into records, counted, kept as text."""
