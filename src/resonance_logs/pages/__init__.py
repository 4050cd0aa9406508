"""The history in a browser. Pages ask commands and show the answers; they compute nothing."""
