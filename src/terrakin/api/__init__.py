"""The Python API: an archive as one object, with the verbs of the command line."""
