#!/bin/sh
# Runs the benchmarks on DATA (see each script's help); they print ratios and assert nothing.
set -eu
: "${DATA:=../shared/data}"
HERE=$(dirname "$0")
echo "== cleaning of web pages"
python "$HERE/cleaning.py" "$DATA/pages/train.parquet" --half odd
echo "== fast topics beside fastText and scikit-learn"
python "$HERE/fast_topics.py" --data "$DATA/ag_news/train.parquet" --labels-column label
echo "== summarisers"
python "$HERE/summarisers.py" --data "$DATA/cnn_dailymail/validation.parquet" --limit 500
echo "== stories a second and start of both engines, the standard one beside a bare forward pass"
python "$HERE/throughput.py" "$DATA/cnn_dailymail/validation.parquet"
echo "== time over length of nasty texts"
python "$HERE/hostile.py"
echo "== fifty clients of the server beside desk.stream"
python "$HERE/serve.py" --seconds 60 --engine standard
python "$HERE/serve.py" --seconds 60 --engine fast
echo "== the guard against invented facts"
python "$HERE/faithfulness.py" --data "$DATA/cnn_dailymail/validation_cased.parquet"
echo "== headlines by deletion"
python "$HERE/headlines.py" --data "$DATA/allsides/train.parquet"
