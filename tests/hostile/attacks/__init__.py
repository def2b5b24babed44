"""The attacks: one module a family, each kind an asynchronous function of a `Target`."""
