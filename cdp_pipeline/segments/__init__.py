"""Who is in which segment or audience, since when, and why."""
