"""The sandbox's API service, one module per group of calls."""
