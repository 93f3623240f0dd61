"""The process that keeps a mirror for months: start-up, loop, shutdown.

Nothing is imported here: verbs that only ask a daemon must not load all of it.
"""
