"""Describing what happens in a video."""
