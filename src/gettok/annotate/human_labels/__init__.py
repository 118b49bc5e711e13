"""What people judged, compared with the model: the videos that a person watched and labelled."""
