"""Find places that look alike in your own satellite and aerial imagery."""

__version__ = "0.1.0"
