"""Words, embeddings and languages of texts."""
