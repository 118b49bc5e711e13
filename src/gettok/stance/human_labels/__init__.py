"""What people judged, held against what the model did: the videos that somebody watched and gave a label."""
