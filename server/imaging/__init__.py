"""Photos decoded, turned, shrunk and rebuilt, in a process of its own with limits."""
