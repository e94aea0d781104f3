"""Pages in a real headless Chromium: the one that is found, or one that `make` brings."""
