"""Torture tests: hurt the program in every possible way, and count what it loses."""
