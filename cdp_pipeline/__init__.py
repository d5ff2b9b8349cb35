"""A customer data platform in batch, on one machine: exports in; profiles, segments and consented audiences out."""
