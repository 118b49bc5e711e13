"""GET-Tok done properly: an event on TikTok, as a versioned multimodal dataset."""

import os

__version__ = "0.1.0"

# ONNX Runtime's wheel has a client that sends usage data to its makers, unless this is set before it is imported
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# pydantic looks for plugins in the metadata of every installed package, a sixth of what a stage takes to start
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
