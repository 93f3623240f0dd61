"""How fast and how frugal figsync is: `python -m tests.benchmarks`.

Every figure is a ratio to something measured in the same run, or a count.
Nothing here is an assertion about time; the suite only tries that it all runs.
"""
