"""The stand-in for an OpenAI-compatible model endpoint."""
