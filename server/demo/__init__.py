"""The demo: one believable company with a history, the messengers' sandbox, and the ways in."""
