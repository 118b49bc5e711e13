"""Statistics: agreement, proportions and bootstrap intervals."""
