"""WhatsApp, by Meta's Cloud API. The class is in `channel`."""
