"""Sources of tasks other than Python calls: files, streams, a simulation."""
