"""A state database damaged in a thousand ways: nothing is deleted, nothing loops."""
