"""The speech recognisers to choose from, one module each, with the functions of `recognizer.RecognizerBackend`."""
