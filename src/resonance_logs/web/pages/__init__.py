"""The history in a browser. Pages run commands and show the answers; they compute nothing."""
