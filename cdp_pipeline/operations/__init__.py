"""Nights and what goes wrong with them: running one, alerts, missed nights, health, plan and restore."""
