"""Measures of retrieval quality: one idea a module, pure functions on relevance in rank order."""
