"""The process that keeps a mirror for months: start-up, loop, shutdown."""
