"""So that `python -m branchxr.cli` works without the console script."""

from .app import main

main()
