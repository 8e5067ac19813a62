"""Makes kafka-python's `test` a package that comes before the standard library's."""
