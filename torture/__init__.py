"""Torture tests: crash the program and damage its files, and count what is lost."""
