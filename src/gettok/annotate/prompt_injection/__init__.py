"""Prompt injection variants: the same video with an instruction to the model in it, and how often its label flips."""
