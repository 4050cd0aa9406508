"""Fights out of the database: files to import elsewhere, and tables."""
