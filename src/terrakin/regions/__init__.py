"""Images cut into regions, and what describes a region: its shape, texture and intensity."""
