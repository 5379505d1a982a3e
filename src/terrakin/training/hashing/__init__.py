"""Hash functions that are small networks: fitted here, applied by `terrakin.hashing`."""
