"""A front-end's parameters in words."""
