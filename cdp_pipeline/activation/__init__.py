"""Audience files for destinations: the gates of key, permission, transfer and size, what to remove, and receipts."""
