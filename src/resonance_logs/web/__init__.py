"""The database over HTTP: commands, tasks, the open fight live, exports, health."""
