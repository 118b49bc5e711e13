"""What collecting, planning, following and refreshing share."""
