"""Asking an archive."""
