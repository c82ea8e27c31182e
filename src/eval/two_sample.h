/* two_sample.h - how well the nearest neighbour tells two samples apart:
 * Lopez-Paz and Oquab, 2017, with the leave-one-out accuracy of 1-NN.
 *
 * Each item of both is given to the side of the nearest of all others. The
 * accuracy, the share that is given to its own side, is
 *
 *   near 1/2   when both are of one distribution: (n - 1) / (2 n - 1) is
 *              expected
 *   near 1     when they lie apart
 *   below 1/2  when items lie nearer to the other sample than to their own: 0
 *              of a sample and its copy, where everyone's copy is nearest
 *
 * Where several are nearest, at one distance, each has its share of the vote:
 * the expectation of a choice among them.
 */
#ifndef BW_TWO_SAMPLE_H
#define BW_TWO_SAMPLE_H

#include "base/tasks.h"
#include "eval/sample.h"

typedef struct bw_two_sample {
    double accuracy;
    double side[2]; /* of a's items, of b's; the accuracy is their mean */
    size_t n_ties;  /* items whose nearest are of both sides */
} bw_two_sample;

/* As many items of both, at least 2. Euclidean distances by near.h. Memory: 4
 * numbers an item. BW_ERR_RANGE for other counts; BW_ERR_INTERRUPTED soon after
 * stopped, which may be NULL, is not 0. The same bits for any number of
 * threads. */
bw_status bw_two_sample_of(const bw_sample *a, const bw_sample *b,
                           bw_tasks *tasks, int (*stopped)(void),
                           bw_two_sample *two_sample,
                           bw_error *err) BW_MUST_CHECK;

#endif
