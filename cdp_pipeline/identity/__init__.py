"""Which records are one person, from one spelling for all to ids that last."""
