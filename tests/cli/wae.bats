#!/usr/bin/env bats
# wae.bats - the verbs of wae that put a model to work: items to codes and back,
# samples, ways between codes; of images and of points.

load harness
load models

# Made once: 300 images with their labels, a deterministic and a Gaussian model
# of a few steps, and one of points, which are the codes of images.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --labels "$MNIST_LABELS" --split train=300,test=100 "$MNIST_IMAGES" \
        -o '%s.st.zst'
    # Weights of some size, so that few steps make a decoder that tells codes
    # apart.
    small=(--preset wae-mnist-small --init he --batch 50 --steps 20
        --moments 2 --moments-sample 100)
    wae train "${small[@]}" train.st.zst -o model.st.zst
    wae train "${small[@]}" --penalty kl train.st.zst -o vae.st.zst
    wae encode --model model.st.zst train.st.zst -o train-codes.st.zst
    printf 'dense 16\nrelu\ndense 2\n' >e.txt
    printf 'dense 16\nrelu\ndense 8\n' >d.txt
    wae train --net-encoder e.txt --net-decoder d.txt --latent 2 --batch 50 \
        --steps 12 --moments 2 --moments-sample 100 train-codes.st.zst \
        -o points.st.zst
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/*.st.zst .
}

# moments FILE TENSOR: mean and variance of each column, a line each.
moments() {
    wunpack "$1" "$2" | awk '
        { for (k = 1; k <= NF; k++) { s[k] += $k; q[k] += $k * $k } m = NF }
        END { for (k = 1; k <= m; k++)
            print s[k] / NR, q[k] / NR - (s[k] / NR) ^ 2 }'
}

@test "--help lists the verbs, each has its own" {
    check 0 wae --help
    for verb in train encode decode reconstruct sample interpolate; do
        stdout_has "  $verb "
    done
    for verb in train encode decode reconstruct sample interpolate; do
        check 0 wae "$verb" --help
        [[ $output == "Usage: wae $verb "* ]]
    done
}

@test "verbs tell nothing, and the same bytes come for any -j" {
    codes=train-codes.st.zst
    for j in 1 3; do
        check 0 wae encode -j$j --model model.st.zst test.st.zst -o e$j.st.zst
        stdout_is ''
        stderr_is ''
        check 0 wae decode -j$j --model model.st.zst $codes -o d$j.st.zst
        stderr_is ''
        check 0 wae reconstruct -j$j --model model.st.zst test.st.zst \
            -o r$j.st.zst
        stderr_is ''
        check 0 wae sample -j$j --from mixture:5 --codes $codes model.st.zst \
            -o s$j.st.zst
        stderr_is ''
        check 0 wae interpolate -j$j --model model.st.zst test.st.zst \
            -o i$j.st.zst
        stderr_is ''
    done
    for verb in e d r s i; do same ${verb}1.st.zst ${verb}3.st.zst; done
}

@test "codes carry labels through encode and decode" {
    wae encode --model model.st.zst test.st.zst -o codes.st.zst
    wae decode --model model.st.zst --png p.png codes.st.zst -o i.st.zst
    same <(wunpack test.st.zst labels) <(wunpack codes.st.zst labels)
    same <(wunpack test.st.zst labels) <(wunpack i.st.zst labels)
    check 0 winfo codes.st.zst
    stdout_has 'codes   F32   100x8'
    check 0 winfo i.st.zst
    stdout_has 'images  F32   100x28x28x1'
    [ -s p.png ]
}

@test "reconstruct is encode and decode" {
    wae reconstruct --model model.st.zst --png p.png --columns 3 test.st.zst \
        -o r.st.zst
    wae encode --model model.st.zst test.st.zst |
        wae decode --model model.st.zst - -o i.st.zst
    same <(wunpack --to raw r.st.zst images) <(wunpack --to raw i.st.zst images)
    same <(wunpack test.st.zst labels) <(wunpack r.st.zst labels)
    # Three pairs a row: 6 images of 2 x 28 pixels and 5 lines.
    [ "$(od -An -j16 -N4 -t u4 --endian=big p.png | tr -d ' ')" -eq $((6 * 56 + 5)) ]
    numbers r.st.zst images 0-99 | awk '$1 < 0 || $1 > 1 { exit 1 }'
}

@test "the picture of reconstruct has each image beside its reconstruction" {
    wae reconstruct --model model.st.zst --png p.png --columns 1 test.st.zst \
        -o r.st.zst
    wpack p.png -o p.st.zst
    # Twice the size; pixel (y, x) of the second pair stands at row 57 + 2 y,
    # column 2 x, of 113 columns, and 57 columns further right.
    wunpack --to raw p.st.zst images | od -An -v -t u1 -w1 >sheet
    wunpack --to raw --rows 1 test.st.zst images | od -An -v -t u1 -w1 >left
    numbers r.st.zst images 1 | awk '{ printf "%d\n", 255 * $1 + 0.5 }' >right
    for side in left right; do
        shift=0
        [ $side = left ] || shift=57
        awk -v shift=$shift '
            NR > 57 * 113 && NR <= 113 * 113 {
                y = int((NR - 1) / 113) - 57; x = (NR - 1) % 113 - shift
                if (y % 2 == 0 && x % 2 == 0 && x >= 0 && x < 56) print $1 + 0
            }' sheet >found
        paste found $side | awk '
            { d = $1 - $2; if (NF != 2 || d * d > 1) exit 1; n += $2 > 99 }
            END { exit NR != 784 || !n }'
    done
}

@test "a Gaussian encoder gives means, or draws from the seed" {
    wae encode --model vae.st.zst test.st.zst -o mean.st.zst
    wae encode --draw --model vae.st.zst test.st.zst -o one.st.zst
    wae encode --draw -j3 --model vae.st.zst test.st.zst -o again.st.zst
    wae encode --draw --seed 1 --model vae.st.zst test.st.zst -o two.st.zst
    check 0 winfo mean.st.zst
    stdout_has 'codes   F32   100x8'
    same one.st.zst again.st.zst
    check 1 same <(wunpack one.st.zst codes) <(wunpack two.st.zst codes)
    check 1 same <(wunpack one.st.zst codes) <(wunpack mean.st.zst codes)
    # The seed is told where it matters.
    check 0 winfo --provenance mean.st.zst
    [ "$(grep -c seed <<<"$output")" -eq 1 ]
    check 0 winfo --provenance one.st.zst
    [ "$(grep -c seed <<<"$output")" -eq 2 ]
    check 2 wae encode --draw --model model.st.zst test.st.zst -o no.st.zst
    stderr_has '--draw: the encoder of model.st.zst is deterministic'
}

@test "sample k depends on the seed and k alone" {
    wae sample -n 130 model.st.zst -o many.st.zst
    wae sample -n 7 model.st.zst -o few.st.zst
    wae sample -n 7 --seed 1 model.st.zst -o other.st.zst
    same <(numbers many.st.zst codes 0-6) <(numbers few.st.zst codes 0-6)
    close_to <(numbers many.st.zst images 0-6) <(numbers few.st.zst images 0-6)
    check 1 same <(numbers few.st.zst codes 0-6) <(numbers other.st.zst codes 0-6)
    # Samples are the decoded codes that stand beside them.
    wae decode --model model.st.zst many.st.zst -o again.st.zst
    same <(wunpack --to raw many.st.zst images) \
        <(wunpack --to raw again.st.zst images)
}

@test "codes of samples have the prior's distribution" {
    wae sample -n 2000 model.st.zst -o s.st.zst
    moments s.st.zst codes | awk '
        $1 > 0.1 || $1 < -0.1 || $2 > 1.15 || $2 < 0.85 { exit 1 }
        END { exit NR != 8 }'
    wae train --preset wae-mnist-small --prior sphere --prior-scale 3 \
        --steps 1 --moments 0 train.st.zst -o sphere.st.zst
    wae sample -n 20 sphere.st.zst -o s.st.zst
    wunpack s.st.zst codes | awk '
        { q = 0; for (k = 1; k <= NF; k++) q += $k * $k }
        q < 8.999 || q > 9.001 { exit 1 }'
}

@test "a mixture has the moments of the codes that it is fitted to" {
    for k in 1 4; do
        wae sample -n 4000 --from mixture:$k --codes train-codes.st.zst \
            model.st.zst -o s.st.zst
        paste <(moments train-codes.st.zst codes) <(moments s.st.zst codes) |
            awk '{ d = ($3 - $1) ^ 2 / $2; r = $4 / $2
                   if (d > 0.01 || r < 0.85 || r > 1.15) exit 1 }
                 END { exit NR != 8 }'
    done
    check 0 winfo --provenance s.st.zst
    stdout_has 'sample --count=4000 --from=mixture:4 --codes=train-codes.st.zst model.st.zst'
    stdout_has 'encode --model=model.st.zst train.st.zst'
}

@test "interpolate goes from one reconstruction to the other" {
    wae reconstruct --model model.st.zst test.st.zst -o r.st.zst
    for path in straight spherical; do
        wae interpolate --pairs 3-8,8-3,5-5 --steps 4 --path $path \
            --model model.st.zst --png p.png test.st.zst -o w.st.zst
        check 0 winfo w.st.zst
        stdout_has 'images  F32   12x28x28x1'
        close_to <(numbers w.st.zst images 0) <(numbers r.st.zst images 3)
        close_to <(numbers w.st.zst images 3) <(numbers r.st.zst images 8)
        for k in 0 1 2 3; do
            close_to <(numbers w.st.zst images $k) \
                <(numbers w.st.zst images $((7 - k)))
            close_to <(numbers w.st.zst images $((8 + k))) \
                <(numbers r.st.zst images 5)
        done
        [ -s p.png ]
        mv w.st.zst $path.st.zst
    done
    check 1 close_to <(numbers straight.st.zst images 1) \
        <(numbers spherical.st.zst images 1)
}

@test "pairs are drawn from the seed" {
    wae interpolate --pairs random:3 --steps 2 --model model.st.zst \
        test.st.zst -o a.st.zst
    wae interpolate --pairs random:2 --steps 2 --model model.st.zst \
        test.st.zst -o b.st.zst
    wae interpolate --pairs random:3 --steps 2 --seed 1 --model model.st.zst \
        test.st.zst -o c.st.zst
    close_to <(numbers a.st.zst images 0-3) <(numbers b.st.zst images 0-3)
    check 1 close_to <(numbers a.st.zst images 0-3) \
        <(numbers c.st.zst images 0-3)
    # The two ends differ.
    for k in 0 2 4; do
        check 1 close_to <(numbers a.st.zst images $k) \
            <(numbers a.st.zst images $((k + 1)))
    done
    wae interpolate --pairs 1-2 --model model.st.zst test.st.zst -o d.st.zst
    check 0 winfo --provenance d.st.zst
    [ "$(grep -c seed <<<"$output")" -eq 1 ]
}

@test "points are codes, and their codes latent" {
    wae reconstruct --model points.st.zst train-codes.st.zst -o r.st.zst
    check 0 winfo r.st.zst
    stdout_has 'kind      codes'
    stdout_has 'codes   F32   300x8'
    wae encode --model points.st.zst train-codes.st.zst -o c.st.zst
    check 0 winfo c.st.zst
    stdout_has 'codes   F32   300x2'
    wae decode --model points.st.zst c.st.zst -o d.st.zst
    same <(wunpack r.st.zst codes) <(wunpack d.st.zst codes)
    wae sample -n 70 points.st.zst -o s.st.zst
    check 0 winfo s.st.zst
    stdout_has 'codes   F32   70x8'
    stdout_has 'latent  F32   70x2'
    wae decode --model points.st.zst s.st.zst -o again.st.zst
    same <(wunpack s.st.zst codes) <(wunpack again.st.zst codes)
    wae sample -n 5 --from mixture:2 --codes s.st.zst points.st.zst -o m.st.zst
    # Points that were made are images of the first model's codes.
    wae decode --model model.st.zst r.st.zst -o i.st.zst
    check 2 wae reconstruct --png p.png --model points.st.zst \
        train-codes.st.zst -o no.st.zst
    stderr_has '--png: the items of points.st.zst are points, not images'
    [ ! -e no.st.zst ]
    [ ! -e p.png ]
}

@test "a checkpoint serves as the model that it holds" {
    checkpoint_is_a_model wae --preset wae-mnist-small --steps 2 --moments 0
}

@test "SIGINT ends a verb, and nothing is left" {
    sigint_leaves_nothing wae
}
