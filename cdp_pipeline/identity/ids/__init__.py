"""Person ids that last over runs, and every event of their lives."""
