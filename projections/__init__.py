"""Read models: everything here is derived from the log and can be deleted and rebuilt from it."""
