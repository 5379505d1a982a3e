"""Hash functions: vectors to short codes that compare by the Hamming distance."""
