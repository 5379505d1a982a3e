"""The stored collection."""
