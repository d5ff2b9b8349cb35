"""Rights of people and rules on their data: access, erasure, restriction, correction, retention, masking, keys, who looked."""
