"""An exported chat: what a file holds, who takes part, which lines become messages of which job.

WhatsApp is the only messenger whose app exports a chat as text. What comes in this way proves nothing: a text file can
say anything, so it is no consent, opens no window and waits for no answer (reliability T32).
"""
