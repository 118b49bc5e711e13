"""The stages of the pipeline, and the shell around them."""
