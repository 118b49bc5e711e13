"""Attacked variants: the same video with an order to the model in it, and how often its label flips."""
