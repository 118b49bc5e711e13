"""The demo's corpus: synthetic videos, what the servers know of them, and the truth."""
