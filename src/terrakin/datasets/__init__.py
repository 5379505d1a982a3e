"""Benchmark layouts as labelled samples; generated scenes."""
