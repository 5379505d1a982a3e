"""How embeddings compare: packing, distances, exact top-k."""
