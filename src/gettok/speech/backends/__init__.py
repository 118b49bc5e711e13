"""The speech recognisers to choose from, one module each: what `gettok.speech.recognizer.Backend` asks for."""
