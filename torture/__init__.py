"""Hurts the program in every way that a program can be hurt, and counts what it lost."""
