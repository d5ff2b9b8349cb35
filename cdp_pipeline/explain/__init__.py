"""Answers on who is who: why records are one person or two, review and what-if; it reads tables and decides nothing."""
