"""Real processes that are really killed, against a served sandbox."""
