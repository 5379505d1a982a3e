"""Protocols: what is asked of which gallery, and what counts as found. One protocol a module."""
