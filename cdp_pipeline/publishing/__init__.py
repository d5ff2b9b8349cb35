"""One swap to a whole snapshot, the two warehouses, and the way back."""
