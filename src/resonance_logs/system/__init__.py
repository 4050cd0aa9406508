"""What the program asks of the system around it: whole files, the log, what a fork leaves."""
