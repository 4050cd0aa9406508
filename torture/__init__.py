"""Torture: the program under what no user would do to it on purpose."""
