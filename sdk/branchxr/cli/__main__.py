"""So that `python -m branchxr.cli` works without the console script."""

from .main import main

main()
