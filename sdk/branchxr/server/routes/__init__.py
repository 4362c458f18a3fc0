"""The routes, one file per group of operations."""
