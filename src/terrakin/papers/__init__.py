"""Published tables: what papers print, what is doubtful about it, and which recipe each row is."""
