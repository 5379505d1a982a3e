"""Robustness: how far retrieval falls when queries are distorted and the gallery is not."""
