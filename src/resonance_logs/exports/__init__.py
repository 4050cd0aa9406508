"""Fights out of the database, and into another one: files of fights, tables."""
