"""Many questions at once, through a host's Batch API."""
