"""Small servers that answer as the real ones are documented to."""
