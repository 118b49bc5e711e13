"""Files of models: where they are found, and which they are."""
