"""Read models: tables derived from the log, which can be deleted and rebuilt from it."""
