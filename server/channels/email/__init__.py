"""E-mail, by the firm's own mailbox (SMTP and IMAP). The class is in `channel`."""
