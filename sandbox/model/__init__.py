"""Simulates an OpenAI-compatible model endpoint."""
