"""What happens when a process of a job dies: `guard` is the process's end of the line, `watcher` the node's."""
