"""The ways to fetch a video, one module each."""
