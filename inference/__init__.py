"""From a story to its topics and its brief.

    from inference import predict
    predict("LONDON, March 3 - The council voted ...").topics

Heavy libraries are imported when the first model is loaded, not here.
"""

from __future__ import annotations

from inference.predict import Copydesk, predict
from inference.prediction import Contribution, Explanation, Prediction, SentenceScore
from models.topics import Topic

__all__ = ["Contribution", "Copydesk", "Explanation", "Prediction", "SentenceScore", "Topic", "predict"]
