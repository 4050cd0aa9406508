"""Where tasks come from when no Python call makes them: files, streams, a simulation."""
