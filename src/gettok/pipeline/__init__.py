"""What surrounds a stage: settings, store, lock, signals, inputs, outputs, books and exit codes."""
