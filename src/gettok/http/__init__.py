"""HTTP for all of our clients: deadlines for headers, `Retry-After`, and JSON of unexpected types."""
