"""Histories of a mirror, drawn from seeds, and what must hold in all of them."""
