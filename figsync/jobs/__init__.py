"""What the daemon does besides syncing: one module each, one signature."""

from figsync.jobs.jobs import JOBS, Job, due_before, run_job

__all__ = ["JOBS", "Job", "due_before", "run_job"]
