"""The stand-in for TikTok's website and its media hosts."""
