"""What people see. Every module ends with its own `routes`."""
