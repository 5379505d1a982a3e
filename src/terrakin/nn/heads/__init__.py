"""Networks from a feature map to an embedding."""
