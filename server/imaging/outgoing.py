"""The copy that may leave the firm: rebuilt from pixels, so nothing of the original file goes with it."""

from server.imaging.renditions import Rendition

# WhatsApp takes images up to 5 MB (Cloud API, media reference, read 2026-11); the others take more.
MAX_BYTES = 5_000_000
LONG_EDGE_PX = 2560
QUALITY = 88


def outgoing(*, max_bytes: int = MAX_BYTES, long_edge_px: int = LONG_EDGE_PX) -> Rendition:
    """Return the rendition for a channel that takes at most `max_bytes`."""
    return Rendition("outgoing", long_edge_px, QUALITY, max_bytes)
