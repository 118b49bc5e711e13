"""The embedders to choose from, one module each, with a function `load` that gives a `TextEmbedder`."""
