"""GET-Tok done properly: an event on TikTok, as a versioned multimodal dataset."""

__version__ = "0.1.0"
