"""Models: where their files are, which files they are, and how they are loaded."""
