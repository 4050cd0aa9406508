"""Programs that end a process at chosen moments of its work, each in a fork of its own."""
