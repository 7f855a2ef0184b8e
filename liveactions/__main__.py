"""``python -m liveactions``: the command line."""

from .cli.commands import main

if __name__ == "__main__":
    main(prog_name="python -m liveactions")
