"""One row a person: golden values, and the join of all attributes."""
