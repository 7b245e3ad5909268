"""Ending a job that cannot continue: `differences` checks before it starts, `watcher` while it runs."""
