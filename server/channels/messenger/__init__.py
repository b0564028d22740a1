"""Facebook Messenger, by the page's Send API. The class is in `channel`."""
