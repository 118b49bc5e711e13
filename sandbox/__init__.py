"""Stand-ins for TikTok and for a model endpoint, on loopback, with a corpus of known truth."""
