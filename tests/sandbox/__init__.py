"""The sandbox behaves as Figshare is known to behave."""
