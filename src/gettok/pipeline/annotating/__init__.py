"""What the stages that ask a model share."""
