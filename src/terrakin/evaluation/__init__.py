"""Measured quality."""
