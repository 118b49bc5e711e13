"""Simulates TikTok and a model endpoint on loopback, with a corpus whose ground truth is known."""
