"""HTTP as every client of ours needs it: bounded headers, `Retry-After`, and JSON that is checked."""
