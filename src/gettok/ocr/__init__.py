"""The text on the screen as a reader of text sees it, and how far a model's reading is from that."""
