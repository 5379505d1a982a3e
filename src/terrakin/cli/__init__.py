"""The command line: one file a verb, each of which parses, calls the API and prints."""

from terrakin.cli.app import main

__all__ = ["main"]
