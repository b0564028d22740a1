"""Finds the routes of a package: every module that ends with a `routes` list is in."""

from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType

from server.web.routing import GuardedRoute


def routes_of(package: ModuleType) -> list[GuardedRoute]:
    """Return the routes of all modules of a package, in the order of the modules' names."""
    found: list[GuardedRoute] = []
    for module in sorted(walk_packages(package.__path__, f"{package.__name__}."), key=lambda one: one.name):
        found += getattr(import_module(module.name), "routes", [])
    return found
