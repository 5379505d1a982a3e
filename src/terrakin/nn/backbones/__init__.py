"""Networks from an image to a feature map."""
