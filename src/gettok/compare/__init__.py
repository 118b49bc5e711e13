"""The ways by which a video's words come to be written, each against the others and against people's own writing."""
