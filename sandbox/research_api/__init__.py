"""Simulates TikTok's Research API v2."""
