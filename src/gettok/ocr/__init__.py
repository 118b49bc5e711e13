"""On-screen text as OCR reads it, and how far a model's reading differs from it."""
