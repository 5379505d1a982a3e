"""`python -m terrakin`."""

from terrakin.cli import main

main()
