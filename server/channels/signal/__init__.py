"""Signal, by a container of the firm's own (signal-cli-rest-api). The class is in `channel`."""
