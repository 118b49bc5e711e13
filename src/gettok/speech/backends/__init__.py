"""The speech recognisers to choose from, one module each."""
