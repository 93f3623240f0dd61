"""The heart: engine, scan, observe, plan, items, guards, execute, in this order."""
