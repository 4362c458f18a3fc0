"""A whole branch in one process: virtual clock, in-memory wire, soft keys."""
