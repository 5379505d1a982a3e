"""Georeferenced synthetic scenes with known truth."""
