"""Checks on tables, deliveries and the finished run, and what they said."""
