"""The HTTP operations: one file per group, bound to routes by `binder` from the table."""
