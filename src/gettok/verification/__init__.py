"""Whether a finished release is right, by what is in its folder; imports nothing that makes one or reads settings."""
