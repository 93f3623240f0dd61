"""The state database, tested on real files."""
