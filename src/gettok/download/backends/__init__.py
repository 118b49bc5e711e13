"""The download backends, one module each; `DOWNLOAD_BACKENDS` in `gettok.settings.registries` lists them."""
