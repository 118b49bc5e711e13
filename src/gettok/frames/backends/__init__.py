"""The libraries that decode frames, one module each; `FRAME_BACKENDS` in `gettok.settings.registries` lists them.

Each module imports its library when it is loaded: most bring their own copy of FFmpeg.
"""
