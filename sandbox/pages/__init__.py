"""Simulates TikTok's website and its media hosts."""
