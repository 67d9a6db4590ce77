"""`python -m ganatomy` is the command `ganatomy`."""

from ganatomy.cli import main

if __name__ == "__main__":
    main()
