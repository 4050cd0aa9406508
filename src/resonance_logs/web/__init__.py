"""The database over HTTP: commands, tasks, live fight, exports, health."""
