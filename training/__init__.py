"""From articles to a model, and from a model to figures."""
