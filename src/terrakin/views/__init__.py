"""Results for people and other programs."""
