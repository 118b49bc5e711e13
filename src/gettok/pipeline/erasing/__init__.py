"""Erasing on request: what is asked for, what the tables have of it, and which of a person's files name it."""
