"""The OCR engines: each module implements `gettok.ocr.backend.OcrBackend`."""
