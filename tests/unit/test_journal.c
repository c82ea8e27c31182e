/* test_journal.c - results kept through kills: what a journal gives back after
 * it was cut at any byte or damaged at any bit, and whom it refuses. */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "ot/journal.h"
#include "raw_file.h"

enum { N_BLOCKS = 4, N_SOURCE = 3, N_TARGET = 2, MAX_ROWS = 8 };

static const char purpose[] = "tool=test\nground=l2\np=2\n";
static const bw_block_shape whole = {true, true, true, N_SOURCE, N_TARGET};
static const bw_block_shape values = {.with_gap = false};

/* Block b has b + 1 pairs (the third no arcs); all columns are of one rule. */
typedef struct rows {
    double value[MAX_ROWS], gap[MAX_ROWS], mass[3 * MAX_ROWS];
    uint32_t count[MAX_ROWS], bins[3 * MAX_ROWS][2];
    double source[N_SOURCE * MAX_ROWS], target[N_TARGET * MAX_ROWS];
} rows;

static bw_block make_block(uint64_t b, rows *r)
{
    bw_block block = {b * (b + 1) / 2, b + 1,   r->value, r->gap,    0,
                      r->count,        r->bins, r->mass,  r->source, r->target};
    for (uint64_t k = 0; k < block.n; k++) {
        uint64_t pair = block.first + k;
        r->value[k] = (double)pair + 0.5;
        r->gap[k] = -(double)pair;
        r->count[k] = b == 2 ? 0 : (uint32_t)(pair % 3);
        for (uint32_t q = 0; q < r->count[k]; q++, block.n_arcs++) {
            r->bins[block.n_arcs][0] = (uint32_t)pair + q;
            r->bins[block.n_arcs][1] = 7;
            r->mass[block.n_arcs] = (double)(block.n_arcs + 1);
        }
        for (size_t q = 0; q < N_SOURCE; q++)
            r->source[k * N_SOURCE + q] = (double)(pair * 10 + q);
        for (size_t q = 0; q < N_TARGET; q++)
            r->target[k * N_TARGET + q] = -(double)(pair * 10 + q);
    }
    return block;
}

/* Pairs in the first n blocks. */
static uint64_t pairs_before(uint64_t n)
{
    return n * (n + 1) / 2;
}

static bw_journal *open_journal(const bw_block_shape *shape, bool resume)
{
    bw_error err = BW_ERROR_INIT;
    bw_journal *j;
    OK(bw_journal_open("j", NULL, purpose, shape, resume, &j, &err));
    return j;
}

static void append(bw_journal *j, uint64_t b)
{
    bw_error err = BW_ERROR_INIT;
    rows r;
    bw_block block = make_block(b, &r);
    OK(bw_journal_append(j, &block, &err));
}

/* Writes all blocks; end[b] is the file's size with b blocks in it. */
static void write_journal(const bw_block_shape *shape, size_t end[N_BLOCKS + 1])
{
    bw_error err = BW_ERROR_INIT;
    bw_journal *j = open_journal(shape, false);
    struct stat info;
    for (uint64_t b = 0; b <= N_BLOCKS; b++) {
        cr_assert_eq(stat("j", &info), 0);
        end[b] = (size_t)info.st_size;
        if (b < N_BLOCKS)
            append(j, b);
    }
    OK(bw_journal_sync(j, &err));
    bw_journal_close(j);
}

typedef struct seen {
    const bw_block_shape *shape;
    uint64_t n_blocks, n_pairs;
} seen;

static bool same(const void *a, const void *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

static bw_status compare(void *context, const bw_block *block, bw_error *err)
{
    seen *s = context;
    rows r;
    bw_block want = make_block(s->n_blocks, &r);
    (void)err;
    cr_assert_eq(block->first, want.first);
    cr_assert_eq(block->n, want.n);
    cr_assert(same(block->value, r.value, 8 * want.n));
    if (s->shape->with_gap)
        cr_assert(same(block->gap, r.gap, 8 * want.n));
    if (s->shape->with_plan) {
        cr_assert_eq(block->n_arcs, want.n_arcs);
        cr_assert(same(block->arc_count, r.count, 4 * want.n));
        cr_assert(same(block->arc_bins, r.bins, 8 * want.n_arcs));
        cr_assert(same(block->arc_mass, r.mass, 8 * want.n_arcs));
    }
    if (s->shape->with_potentials) {
        cr_assert(same(block->source, r.source, 8 * N_SOURCE * want.n));
        cr_assert(same(block->target, r.target, 8 * N_TARGET * want.n));
    }
    s->n_blocks++;
    s->n_pairs += block->n;
    return BW_OK;
}

/* The journal holds the first n blocks, just as they were written. */
static void check_blocks(bw_journal *j, const bw_block_shape *shape, uint64_t n)
{
    bw_error err = BW_ERROR_INIT;
    seen s = {shape, 0, 0};
    cr_assert_eq(
        bw_journal_n_pairs(j), pairs_before(n), "%llu pairs, %llu blocks",
        (unsigned long long)bw_journal_n_pairs(j), (unsigned long long)n);
    OK(bw_journal_visit(j, compare, &s, &err));
    cr_assert_eq(s.n_blocks, n, "%llu blocks, not %llu",
                 (unsigned long long)s.n_blocks, (unsigned long long)n);
    cr_assert_eq(s.n_pairs, pairs_before(n));
}

/* Opens what lies at "j", finds n blocks there, goes on with one more block,
 * and finds that too when it is opened again. */
static void check_goes_on(const bw_block_shape *shape, uint64_t n)
{
    bw_journal *j = open_journal(shape, true);
    check_blocks(j, shape, n);
    append(j, n);
    check_blocks(j, shape, n + 1);
    bw_journal_close(j);
    j = open_journal(shape, true);
    check_blocks(j, shape, n + 1);
    bw_journal_close(j);
}

Test(journal, gives_back_what_was_appended, RAW_FOLDER)
{
    const bw_block_shape *shapes[] = {&whole, &values};
    for (size_t k = 0; k < 2; k++) {
        size_t end[N_BLOCKS + 1];
        write_journal(shapes[k], end);
        check_goes_on(shapes[k], N_BLOCKS);
        cr_assert_eq(unlink("j"), 0);
    }
}

Test(journal, visits_before_it_is_closed_and_goes_on, RAW_FOLDER)
{
    bw_journal *j = open_journal(&whole, false);
    check_blocks(j, &whole, 0);
    append(j, 0);
    check_blocks(j, &whole, 1);
    append(j, 1);
    check_blocks(j, &whole, 2);
    bw_journal_remove(j);
    cr_expect_neq(access("j", F_OK), 0, "a removed journal is still there");
}

Test(journal, a_cut_at_any_byte_keeps_the_whole_blocks_before_it, RAW_FOLDER)
{
    const bw_block_shape *shapes[] = {&whole, &values};
    for (size_t k = 0; k < 2; k++) {
        size_t end[N_BLOCKS + 1], n;
        write_journal(shapes[k], end);
        unsigned char *bytes = raw_read("j", &n);
        cr_assert_eq(n, end[N_BLOCKS]);
        for (size_t cut = 0; cut <= n; cut++) {
            uint64_t n_whole = 0;
            while (n_whole < N_BLOCKS && end[n_whole + 1] <= cut)
                n_whole++;
            raw_write("j", bytes, cut);
            check_goes_on(shapes[k], n_whole);
        }
        free(bytes);
        cr_assert_eq(unlink("j"), 0);
    }
}

Test(journal, a_flipped_bit_cuts_before_its_block, RAW_FOLDER)
{
    size_t end[N_BLOCKS + 1], n;
    write_journal(&whole, end);
    unsigned char *bytes = raw_read("j", &n);
    for (size_t at = end[0]; at < n; at++) {
        uint64_t n_whole = 0;
        while (end[n_whole + 1] <= at)
            n_whole++;
        for (int bit = 0; bit < 8; bit++) {
            bytes[at] ^= (unsigned char)(1 << bit);
            raw_write("j", bytes, n);
            bw_journal *j = open_journal(&whole, true);
            check_blocks(j, &whole, n_whole);
            bw_journal_close(j);
            bytes[at] ^= (unsigned char)(1 << bit);
        }
    }
    free(bytes);
}

/* Blocks that claim more than the file holds cost no memory. */
Test(journal, an_over_declared_block_is_no_block, RAW_FOLDER)
{
    size_t end[N_BLOCKS + 1], n;
    write_journal(&values, end);
    unsigned char *bytes = raw_read("j", &n);
    uint64_t huge[] = {UINT64_MAX, UINT64_MAX / 8, UINT64_C(1) << 40};
#ifndef __SANITIZE_ADDRESS__
    struct rlimit little = {256 << 20, 256 << 20};
    cr_assert_eq(setrlimit(RLIMIT_AS, &little), 0);
#endif
    for (size_t field = 0; field < 4; field++)
        for (size_t k = 0; k < 3; k++) {
            unsigned char saved[8];
            memcpy(saved, bytes + end[1] + 8 * field, 8);
            memcpy(bytes + end[1] + 8 * field, &huge[k], 8);
            raw_write("j", bytes, n);
            memcpy(bytes + end[1] + 8 * field, saved, 8);
            bw_journal *j = open_journal(&values, true);
            check_blocks(j, &values, 1);
            bw_journal_close(j);
        }
    free(bytes);
}

/* ---- refusals ---- */

Test(journal, results_are_not_overwritten_without_resume, RAW_FOLDER)
{
    size_t end[N_BLOCKS + 1];
    bw_error err = BW_ERROR_INIT;
    bw_journal *j = (bw_journal *)&err;
    write_journal(&whole, end);
    FAILS(
        bw_journal_open("j", NULL, purpose, &whole, false, &j, &err),
        BW_ERR_RANGE,
        "j: holds results of an unfinished run; continue it with --resume, or "
        "remove it");
    cr_expect_null(j);
    check_goes_on(&whole, N_BLOCKS);
}

Test(journal, another_purpose_is_refused_by_its_first_line, RAW_FOLDER)
{
    size_t end[N_BLOCKS + 1];
    bw_error err = BW_ERROR_INIT;
    bw_journal *j;
    write_journal(&whole, end);
    FAILS(bw_journal_open("j", NULL, "tool=test\nground=l2\np=1\n", &whole,
                          true, &j, &err),
          BW_ERR_RANGE,
          "j: belongs to another run: it has p=2, this run has p=1");
    FAILS(bw_journal_open("j", NULL, "tool=test\nground=l1\np=1\n", &whole,
                          true, &j, &err),
          BW_ERR_RANGE,
          "j: belongs to another run: it has ground=l2, this run has "
          "ground=l1");
    FAILS(bw_journal_open("j", NULL, "tool=test\nground=l2\n", &whole, true, &j,
                          &err),
          BW_ERR_RANGE,
          "j: belongs to another run: it has p=2, this run has nothing "
          "more");
    FAILS(bw_journal_open("j", NULL, "tool=test\nground=l2\np=2\nx=1\n", &whole,
                          true, &j, &err),
          BW_ERR_RANGE,
          "j: belongs to another run: it has nothing more, this run has "
          "x=1");
    check_goes_on(&whole, N_BLOCKS);
}

Test(journal, a_second_run_finds_it_locked, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_journal *j = open_journal(&whole, false), *other;
    append(j, 0);
    FAILS(bw_journal_open("j", NULL, purpose, &whole, true, &other, &err),
          BW_ERR_IO, "j: another run is writing it");
    check_blocks(j, &whole, 1);
    bw_journal_close(j);
    check_goes_on(&whole, 1);
}

Test(journal, other_files_are_left_alone, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_journal *j;
    const char text[] = "a letter that somebody wrote, and named j by chance";
    size_t n;
    for (int resume = 0; resume < 2; resume++) {
        raw_write("j", text, sizeof text);
        FAILS(bw_journal_open("j", NULL, purpose, &whole, resume, &j, &err),
              BW_ERR_FORMAT, "j: no journal of this program");
        unsigned char *bytes = raw_read("j", &n);
        cr_expect_eq(n, sizeof text);
        cr_expect(memcmp(bytes, text, n) == 0);
        free(bytes);
        raw_write("j", text, 5);
        bw_status status =
            bw_journal_open("j", NULL, purpose, &whole, resume, &j, &err);
        cr_expect_eq(status, BW_ERR_FORMAT, "a short file is overwritten");
        bw_journal_close(status ? NULL : j);
        (void)!unlink("j");
    }
    FAILS(bw_journal_open("none/j", NULL, purpose, &whole, true, &j, &err),
          BW_ERR_IO, "none/j: No such file or directory");
}

Test(journal, a_damaged_purpose_is_not_trusted, RAW_FOLDER)
{
    size_t end[N_BLOCKS + 1], n;
    bw_error err = BW_ERROR_INIT;
    bw_journal *j;
    write_journal(&values, end);
    unsigned char *bytes = raw_read("j", &n);
    bytes[end[0] - 2] ^= 1;
    raw_write("j", bytes, n);
    FAILS(bw_journal_open("j", NULL, purpose, &values, true, &j, &err),
          BW_ERR_FORMAT, "j: damaged; remove it to start anew");
    free(bytes);
}

/* A head that claims a longer text would look like that of a run that was
 * killed before its first block; the results would be lost. */
Test(journal, a_flipped_bit_of_its_head_overwrites_nothing, RAW_FOLDER)
{
    enum { N_HEAD = 32 };
    size_t end[N_BLOCKS + 1], n, n_after;
    write_journal(&values, end);
    unsigned char *bytes = raw_read("j", &n);
    cr_assert_eq(end[0], N_HEAD + strlen(purpose));
    for (size_t bit = 0; bit < 8 * N_HEAD; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        for (int resume = 0; resume < 2; resume++) {
            bw_error err = BW_ERROR_INIT;
            bw_journal *j;
            raw_write("j", bytes, n);
            cr_expect_eq(
                bw_journal_open("j", NULL, purpose, &values, resume, &j, &err),
                BW_ERR_FORMAT, "bit %zu", bit);
            unsigned char *after = raw_read("j", &n_after);
            cr_expect(n_after == n && memcmp(after, bytes, n) == 0);
            free(after);
        }
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(bytes);
}

/* ---- files ---- */

Test(journal, without_results_no_file_stays, RAW_FOLDER)
{
    bw_journal_close(open_journal(&whole, false));
    cr_expect_neq(access("j", F_OK), 0);
    bw_journal_close(open_journal(&whole, true));
    cr_expect_neq(access("j", F_OK), 0);
    bw_journal_close(NULL);
    bw_journal_remove(NULL);
}

Test(journal, an_unnamed_one_works_and_leaves_nothing, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_journal *j;
    OK(bw_journal_open(NULL, "out.st.zst", purpose, &whole, false, &j, &err));
    append(j, 0);
    append(j, 1);
    check_blocks(j, &whole, 2);
    OK(bw_journal_sync(j, &err));
    bw_journal_close(j);
    cr_expect_eq(system("test -z \"$(ls -A)\""), 0);
}

/* No room for a block (a limit on file sizes stands for a full disk): what was
 * there stays, and the run can go on when there is room. */
Test(journal, a_failed_append_leaves_what_was_there, RAW_FOLDER)
{
    size_t end[N_BLOCKS + 1];
    bw_error err = BW_ERROR_INIT;
    rows r;
    bw_block block = make_block(2, &r);
    struct rlimit was, full;
    write_journal(&whole, end);
    cr_assert_eq(truncate("j", (off_t)end[2]), 0);
    bw_journal *j = open_journal(&whole, true);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
    full = was;
    full.rlim_cur = end[2] + 50;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
    FAILS(bw_journal_append(j, &block, &err), BW_ERR_IO, "j: File too large");
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
    check_blocks(j, &whole, 2);
    append(j, 2);
    check_blocks(j, &whole, 3);
    bw_journal_close(j);
    check_goes_on(&whole, 3);
}
