"""Purging what people asked to be erased: what it is known by, the search for it, and the certificate of the search."""
