"""HTTP for all of our clients: deadlines for headers, `Retry-After`, proxies, and JSON of unexpected types."""
