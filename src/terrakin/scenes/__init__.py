"""Imagery on disk, found and opened as scenes."""
