"""Settings of the whole test run."""

from hypothesis import settings

# The first example of a property pays for imports and caches, and a busy machine is no bug.
settings.register_profile("course", deadline=None)
settings.load_profile("course")
