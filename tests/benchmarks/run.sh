#!/bin/sh
# Runs the benchmarks on DATA (see each script's help); they print ratios and assert nothing about time. What takes
# longer is left to be run by hand: ablation.py and precisions.py.
set -eu
: "${DATA:=../shared/data}"
HERE=$(dirname "$0")

measure() {
    echo "== $1"
    shift
    began=$(date +%s)
    python "$HERE/$@"
    echo "($(($(date +%s) - began)) s)"
}

measure "cleaning of web pages" cleaning.py "$DATA/pages/train.parquet" --half odd
measure "fast topics beside fastText and scikit-learn" \
    fast_topics.py --data "$DATA/ag_news/train.parquet" --labels-column label
measure "summarisers" summarisers.py --data "$DATA/cnn_dailymail/validation.parquet" --limit 500
measure "what is refused as no news" no_news.py --rows 300 \
    seeds/no-news.jsonl seeds/odd-news.jsonl seeds/index.jsonl "$DATA/allsides/train.parquet" "$DATA/inshorts/train.parquet" \
    "$DATA/cnn_dailymail/validation_cased.parquet" "$DATA/bbc/train.parquet" "$DATA/huffpost/train.parquet" \
    "$DATA/ag_news/train.parquet" "$DATA/xsum/validation.parquet"
measure "stories a second and start of both engines, the standard one beside a bare forward pass" \
    throughput.py "$DATA/cnn_dailymail/validation.parquet"
measure "whole predictions beside two tools one after the other" \
    two_tools.py "$DATA/cnn_dailymail/validation.parquet"
if python -c "import ray" 2>/dev/null; then
    measure "files by one process, by several, and by Ray" scaling.py "$DATA/cnn_dailymail/validation.parquet"
fi
measure "time over length of nasty texts" hostile.py
measure "fifty clients of the server beside desk.stream, standard engine" serve.py --seconds 60 --engine standard
measure "fifty clients of the server beside desk.stream, fast engine" serve.py --seconds 60 --engine fast
measure "the guard against invented facts" faithfulness.py --data "$DATA/cnn_dailymail/validation_cased.parquet"
measure "headlines by deletion" headlines.py --data "$DATA/allsides/train.parquet"
