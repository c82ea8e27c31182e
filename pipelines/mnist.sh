# mnist.sh - MNIST for the pipelines that are named after it; read after
# common.sh.
# shellcheck shell=sh disable=SC2154

# idx NAME: the path of one of MNIST's files, compressed or not.
idx() {
    for file in "$MNIST/$1.gz" "$MNIST/$1"; do
        if [ -e "$file" ]; then
            echo "$file"
            return
        fi
    done
    fail "no $1 in $MNIST: set MNIST to the folder of MNIST's files," \
        'or see --small'
}

# pack_mnist: OUT/train.st.zst and OUT/test.st.zst from the folder MNIST, or,
# small, from the 10,000 images that the tree has.
pack_mnist() {
    if [ -n "${MNIST-}" ]; then MNIST=$(from_here "$MNIST"); fi
    MNIST=${MNIST:-datasets/mnist}
    if [ "$size" = small ]; then
        images=$(idx t10k-images-idx3-ubyte)
        labels=$(idx t10k-labels-idx1-ubyte)
        step "$OUT/test.st.zst" wpack --labels "$labels" \
            --split train=8000,test=2000 "$images" -o "$OUT/%s.st.zst"
        return
    fi
    for part in train t10k; do
        name=train
        [ "$part" = train ] || name='test'
        images=$(idx $part-images-idx3-ubyte)
        labels=$(idx $part-labels-idx1-ubyte)
        step "$OUT/$name.st.zst" wpack --labels "$labels" "$images" \
            -o "$OUT/$name.st.zst"
    done
}

# train_embedding: the model whose codes stand for images in Frechet distances.
# Where EMBEDDING names one, it is that.
train_embedding() {
    if [ -n "${EMBEDDING-}" ]; then
        embedding=$(from_here "$EMBEDDING")
        embed_test
        return
    fi
    embedding=$OUT/dwe.st.zst
    step "$OUT/pairs.st.zst" wdist --quantity cost -j "$THREADS" --resume \
        --pairs "random:$PAIRS" --seed 1 "$train" -o "$OUT/pairs.st.zst"
    step "$OUT/dwe.st.zst" dwe train --preset dwe-small --seed 1 \
        -j "$THREADS" --distances "$OUT/pairs.st.zst" --batch 32 --epochs 4 \
        --schedule 'cosine 0' --patience 0 --log "$OUT/dwe.tsv" \
        --checkpoint "$OUT/dwe-checkpoint.st.zst" --checkpoint-minutes 5 \
        --resume "$train" -o "$OUT/dwe.st.zst"
    embed_test
}

embed_test() {
    step "$OUT/test-embedded.st.zst" dwe embed --model "$embedding" \
        "$test" -o "$OUT/test-embedded.st.zst"
}

# show_test: the figure and the picture of the test images.
show_test() {
    step_to "$OUT/test-sharpness.tsv" weval sharpness "$test"
    step "$OUT/test.png" wunpack --rows 0-19 --grid 1x20 --pad 1 --scale 2 \
        "$test" images -o "$OUT/test.png"
}

# use_samples MODEL: embeddings and a picture of its samples.
use_samples() {
    step "$OUT/$1-embedded.st.zst" dwe embed --model "$embedding" \
        "$OUT/$1-samples.st.zst" -o "$OUT/$1-embedded.st.zst"
    step "$OUT/$1-samples.png" wunpack --rows 0-99 --grid 5x20 --pad 1 \
        --scale 2 "$OUT/$1-samples.st.zst" images -o "$OUT/$1-samples.png"
}

# evaluate_samples MODEL: their figures beside the test images.
evaluate_samples() {
    step_to "$OUT/$1-images.tsv" weval sliced,wasserstein -j "$THREADS" \
        "$test" "$OUT/$1-samples.st.zst"
    step_to "$OUT/$1-frechet.tsv" weval frechet "$OUT/test-embedded.st.zst" \
        "$OUT/$1-embedded.st.zst"
    step_to "$OUT/$1-sharpness.tsv" weval sharpness "$OUT/$1-samples.st.zst"
}

# figures NAME FORM: that of each model, as cells.
figures() {
    for m in $models; do
        rounded "$2" "$(value "$OUT/$m-figures.tsv" "$1")"
        echo
    done
}

# class_table: from lines "class class pairs sum", the second class not below
# the first, an HTML table of means, whose cells are the darker the nearer.
class_table() {
    awk '
        { n[$1, $2] = $3; mean[$1, $2] = $4 / $3
          if (NR == 1 || $4 / $3 < low) low = $4 / $3
          if ($4 / $3 > high) high = $4 / $3 }
        END {
            print "<table><tr><th></th>"
            for (b = 0; b < 10; b++) print "<th>" b "</th>"
            print "</tr>"
            for (a = 0; a < 10; a++) {
                printf "<tr><th>%d</th>", a
                for (b = 0; b < 10; b++) cell(a < b ? a : b, a < b ? b : a)
                print "</tr>"
            }
            print "</table>"
        }
        function cell(a, b, light) {
            if (!n[a, b]) { printf "<td></td>"; return }
            light = high > low ? (mean[a, b] - low) / (high - low) : 0
            printf "<td style=\"background:rgb(%d,%d,255)\">%.2f</td>",
                   150 + 105 * light, 190 + 65 * light, mean[a, b]
        }'
}
