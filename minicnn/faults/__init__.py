"""Ending a job that cannot continue: `differences` before it starts; later `watcher`, to which `guard` connects."""
