"""The embedded branch. Only the CLI, `branchxr.testing` and tests may import it."""
