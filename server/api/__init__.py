"""What programs and phones call. Every module ends with its own `routes`."""
