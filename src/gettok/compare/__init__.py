"""The texts of a video from each source, compared with each other and with what people wrote down."""
