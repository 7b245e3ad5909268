"""What ends a job that cannot go on: `differences` before it starts; later `watcher`, to which `guard` connects."""
