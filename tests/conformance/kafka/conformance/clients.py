"""The checks of tests/clients, as tests called MODULE.CHECK."""

import importlib


def checks(modules):
    return {
        f"{module}.{name}": check
        for module in modules
        for name, check in importlib.import_module(f"suites.{module}").CHECKS.items()
    }
