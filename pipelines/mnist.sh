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
