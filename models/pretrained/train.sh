#!/bin/sh
# Trains every model that ships, from DATA. On two CPU cores allow about three hours; on a GPU, minutes.
# Checkpoints go to WORK, outside the repository; run it again with RESUME=--resume after an interruption.
set -eu
: "${DATA:=../shared/data}" "${WORK:=/tmp/copydesk-training}" "${RESUME:=}"
OUT=$(dirname "$0")
CNN="$DATA/cnn_dailymail/train.parquet"

# One encoder, adapted to topics and summaries at once.
copydesk train encoder --topics "$DATA/iptc/train.parquet" --summaries "$CNN#train[17500:37500]" \
    --validation-summaries "$DATA/cnn_dailymail/validation.parquet#train[:300]" \
    --epochs 2.5 --checkpoints "$WORK/checkpoints" --output "$WORK/encoder" $RESUME

# The heads on it. Nothing that validates here is learnt from by the encoder: the topics' split is the same one, of the
# articles with summaries it leaves out those that stand in the topics' held-out rows (what ships was trained before it
# did: see notes-topics.md), and the summariser is tuned on articles that the encoder did not read. Each standard model holds a fast one beside its head,
# fitted on the same rows with the same seed.
copydesk train topics --data "$DATA/iptc/train.parquet" --encoder "$WORK/encoder" --notes "$OUT/notes-topics.md" --output "$OUT/topics-standard"
summariser() {  # the file is in the order of its outlets, CNN first: some of both, to learn from and to be tuned on
    copydesk train summariser --data "$CNN#train[10000:16000]" --data "$CNN#train[30500:37500]" \
        --validation "$CNN#train[16000:17500]" --validation "$CNN#train[37500:]" --notes "$OUT/notes-summariser.md" "$@"
}
summariser --encoder "$WORK/encoder" --output "$OUT/summariser-standard"

# What the fast engine knows of words beforehand, and the fast engine itself; its topics are learnt from what the standard
# model says of more articles as well.
python -m training.word_vectors --data "$DATA/iptc/train.parquet" --data "$DATA/allsides/train.parquet" --data "$CNN" \
    --data "$DATA/huffpost/train.parquet" --data "$DATA/ag_news/train.parquet" --data "$DATA/bbc/train.parquet" \
    --data "$DATA/reuters21578/train.parquet" --encoder "$OUT/topics-standard" --output "$OUT/word-vectors"
copydesk train topics --engine fast --data "$DATA/iptc/train.parquet" --unlabelled "$CNN#train[:8000]" \
    --unlabelled "$DATA/allsides/train.parquet" --unlabelled "$DATA/bbc/train.parquet" \
    --unlabelled "$DATA/huffpost/train.parquet" --notes "$OUT/notes-topics.md" --output "$OUT/topics-fast"
summariser --engine fast --output "$OUT/summariser-fast"

# What the guard against invented names takes for ordinary words.
python -m training.ordinary --data "$DATA/allsides/train.parquet#train[:11700]" --output "$OUT/ordinary-words.txt"

# The language model's adapters (extra abstractive): half an hour each on two quiet CPU cores, 41 minutes on busy ones. On
# a GPU, leave --examples out to learn from everything.
copydesk train summariser --engine abstractive --data "$CNN" --case-from "$DATA/allsides/train.parquet" --examples 4000 \
    --checkpoints "$WORK/briefs" --notes "$OUT/notes-abstractive.md" --output "$OUT/summariser-abstractive" $RESUME
copydesk train summariser --engine abstractive --target headline --data "$DATA/allsides/train.parquet#train[:11000]" \
    --data "$DATA/inshorts/train.parquet" --checkpoints "$WORK/headlines" --notes "$OUT/notes-abstractive.md" \
    --output "$OUT/headline-abstractive" $RESUME
