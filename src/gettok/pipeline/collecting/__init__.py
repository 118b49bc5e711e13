"""What the stage `collect` and the commands `plan`, `follow` and `refresh` share."""
