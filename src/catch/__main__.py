"""`python -m catch`."""

from catch.cli import main

if __name__ == "__main__":
    main()
