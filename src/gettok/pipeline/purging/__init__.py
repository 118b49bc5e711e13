"""Removing the bytes of what people asked to be erased: versions, DVC's cache, remotes, experiments."""
