"""figsync keeps a folder on a computer and a Figshare account the same."""

__version__ = "0.1.0"
