"""Texts: their words, embeddings and languages."""
