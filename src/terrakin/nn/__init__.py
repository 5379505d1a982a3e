"""Torch modules with declared shapes: backbones, heads, losses."""
