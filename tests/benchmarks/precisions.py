"""The standard engine's encoder in other precisions and runtimes: processor time, and what its vectors lose.

    python tests/benchmarks/precisions.py --topics DATA --briefs DATA [--rows 300] [--stories 12]

Time is that of one thread over the windows of some stories of 600 words, the best of five passes in turns. For quality
the shipped models read the vectors of each variant: topics of articles held out of --topics by the training's own
split (seed 13), briefs of the first rows of --briefs. ONNX Runtime (`pip install onnx onnxruntime onnxscript`) is left
out where it is not installed.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from throughput import laid_out_windows, stories
from torch import Tensor

from inference import Copydesk
from models.encoder import Encoder, WindowBatch
from models.topics import target_matrix
from training.brief_rows import reference_sentences
from training.data import read_articles
from training.metrics import topic_metrics
from training.rouge import rouge_scores
from training.stories import split_articles

Forward = Callable[[WindowBatch], Tensor]
ROUNDS = 5
ROUGES = ("rouge1", "rouge2", "rougeLsum")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topics", required=True)
    parser.add_argument("--briefs", required=True)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--stories", type=int, default=12)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    desk = Copydesk.from_pretrained()
    assert desk.topics is not None
    encoder: Encoder = desk.topics.scorer.encoder
    with TemporaryDirectory() as folder:
        forwards = variants(desk, Path(folder))
        seconds = times(forwards, laid_out_windows(desk, stories(arguments.briefs, arguments.stories)))
        judge = judge_of(desk, arguments.topics, arguments.briefs, arguments.rows)
        print("variant | ms a story | micro-F1 | macro-F1 | largest change of a score | ROUGE-1 | ROUGE-2 | ROUGE-Lsum")
        exact = None
        for name, forward in forwards.items():
            encoder.forward = forward  # type: ignore[method-assign]
            figures, scores = judge()
            exact = scores if exact is None else exact
            shown = " | ".join(f"{figure:.2f}" if figure > 1 else f"{figure:.4f}" for figure in figures)
            change = np.abs(scores - exact).max()
            f1, rouge = shown.split(" | ")[:2], shown.split(" | ")[2:]
            cells = [name, f"{1e3 * seconds[name] / arguments.stories:.1f}", *f1, f"{change:.3f}", *rouge]
            print(" | ".join(cells), flush=True)


def variants(desk: Copydesk, folder: Path) -> dict[str, Forward]:
    """The first is the one that the others are held against."""
    assert desk.topics is not None
    scorer = desk.topics.scorer
    exact, own = scorer.spec.open("float32").module, scorer.encoder.forward
    int8 = torch.ao.quantization.quantize_dynamic(copy.deepcopy(exact), {torch.nn.Linear}, dtype=torch.qint8)
    found = {"float32, transformers": of_module(exact)}
    if scorer.encoder.dtype == torch.bfloat16:
        found["bfloat16, transformers"] = of_module(scorer.encoder.module)
        found["bfloat16, our own pass (as shipped)"] = own
    found["dynamic int8, torch"] = of_module(int8)
    if all(map(importlib.util.find_spec, ("onnx", "onnxruntime", "onnxscript"))):
        found |= in_onnx(exact, folder)
    return found


def of_module(module: Any) -> Forward:
    def forward(inputs: WindowBatch) -> Tensor:
        hidden: Tensor = module(input_ids=inputs.input_ids).last_hidden_state
        return hidden

    return forward


class _Hidden(torch.nn.Module):
    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, input_ids: Tensor) -> Any:
        return self.module(input_ids=input_ids).last_hidden_state


def in_onnx(module: Any, folder: Path) -> dict[str, Forward]:
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, small = str(folder / "plain.onnx"), str(folder / "int8.onnx")
    torch.onnx.export(
        _Hidden(module).eval(),
        (torch.randint(5, 99, (1, 40)),),
        plain,
        input_names=["input_ids"],
        dynamic_shapes={"input_ids": {1: torch.export.Dim("n", min=2, max=512)}},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    quantize_dynamic(plain, small, weight_type=QuantType.QInt8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # windows go side by side, as in torch

    def of(path: str) -> Forward:
        session = onnxruntime.InferenceSession(path, options)
        return lambda inputs: torch.from_numpy(session.run(None, {"input_ids": inputs.input_ids.numpy()})[0])

    return {"float32, ONNX Runtime": of(plain), "dynamic int8, ONNX Runtime": of(small)}


def times(forwards: dict[str, Forward], windows: list[WindowBatch]) -> dict[str, float]:
    """Processor time of one thread over all windows, in seconds."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    best = dict.fromkeys(forwards, float("inf"))
    with torch.inference_mode():
        for number in range(ROUNDS + 1):
            for name, forward in forwards.items():
                begin = time.process_time()
                for window in windows:
                    forward(window)
                if number:  # the first only warms up
                    best[name] = min(best[name], time.process_time() - begin)
    torch.set_num_threads(threads)
    return best


def judge_of(desk: Copydesk, topics: str, briefs: str, rows: int) -> Callable[[], tuple[list[float], Any]]:
    """Reads and judges the same rows each time: two F1, three ROUGE F-measures, and the topics' scores."""
    assert desk.topics is not None
    classes = desk.topics.classes_
    _, held = split_articles(read_articles(topics), fraction=0.1, seed=13)
    labelled = [{"text": text, "title": title} for text, title in zip(held.texts, held.titles, strict=True)][:rows]
    targets = target_matrix((held.labels or [])[:rows], classes) > 0
    articles = read_articles(briefs)
    references = [reference_sentences(summary) for summary in (articles.summaries or [])[:rows]]

    def judge() -> tuple[list[float], Any]:
        found = list(desk.stream(labelled))
        scores = np.array([[one.scores[label] for label in classes] for one in found])
        given = target_matrix([[topic.label for topic in one.topics] for one in found], classes) > 0
        f1 = topic_metrics(targets, given, scores, None, False)
        chosen = [[part.text for part in one.sentences if part.chosen] for one in desk.stream(articles.texts[:rows])]
        rouge = rouge_scores(chosen, references, workers=1)
        return [f1["micro_f1"], f1["macro_f1"], *(float(np.mean(rouge[kind])) for kind in ROUGES)], scores

    return judge


if __name__ == "__main__":
    main()
