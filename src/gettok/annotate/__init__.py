"""Coding a video by the codebook: what a model answers to its questions, and what people answer."""
