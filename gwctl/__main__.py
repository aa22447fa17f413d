"""``python -m gwctl`` is the same program as the ``gwctl`` console script."""

from gwctl.cli.main import main

if __name__ == "__main__":
    main()
