"""The stand-in for TikTok's Research API v2."""
