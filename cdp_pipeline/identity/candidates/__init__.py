"""Which pairs of records are compared at all, and which identifiers identify nobody."""
