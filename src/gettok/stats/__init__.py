"""Agreement, proportions and bootstrap intervals."""
