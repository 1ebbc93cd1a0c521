"""A page and a JSON API over a Copydesk, for one machine; needs the extra `web`.

`inference.serve` is the command. Nothing here is imported by the rest of Copydesk.
"""
