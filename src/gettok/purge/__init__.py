"""Removing the bytes of what people asked to be erased: files and answers without it."""
