/* test_schedule.c - texts of schedules, and the factors they stand for. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "barrow/optimizer.h"

static bw_schedule parse(const char *text)
{
    bw_error err = BW_ERROR_INIT;
    bw_schedule schedule;

    cr_assert_eq(bw_schedule_parse(text, &schedule, &err), BW_OK, "%s: %s",
                 text, err.text);
    return schedule;
}

static double factor(const char *text, double epoch, double n_epochs,
                     uint64_t n_drops)
{
    bw_schedule schedule = parse(text);

    return bw_schedule_factor(&schedule, epoch, n_epochs, n_drops);
}

Test(schedule, constant_is_1)
{
    cr_assert_float_eq(factor("constant", 0, 10, 0), 1, 0);
    cr_assert_float_eq(factor("constant", 10, 10, 3), 1, 0);
}

/* Divisors are of the base rate, as in the auto-encoders' paper. */
Test(schedule, step_divides_from_its_epoch_on)
{
    const char *text = "step 30:2,50:5,100:10";

    cr_assert_float_eq(factor(text, 0, 100, 0), 1, 0);
    cr_assert_float_eq(factor(text, 29.999, 100, 0), 1, 0);
    cr_assert_float_eq(factor(text, 30, 100, 0), 0.5, 0);
    cr_assert_float_eq(factor(text, 50, 100, 0), 0.2, 1e-15);
    cr_assert_float_eq(factor(text, 1e6, 100, 0), 0.1, 1e-15);
    cr_assert_float_eq(factor("step 0:4", 0, 1, 0), 0.25, 0);
}

Test(schedule, exponential_reaches_its_factor)
{
    cr_assert_float_eq(factor("exponential 0.01", 0, 50, 0), 1, 0);
    cr_assert_float_eq(factor("exponential 0.01", 25, 50, 0), 0.1, 1e-12);
    cr_assert_float_eq(factor("exponential 0.01", 50, 50, 0), 0.01, 1e-12);
}

Test(schedule, linear_reaches_its_factor)
{
    cr_assert_float_eq(factor("linear 0", 0, 8, 0), 1, 0);
    cr_assert_float_eq(factor("linear 0", 2, 8, 0), 0.75, 1e-12);
    cr_assert_float_eq(factor("linear 0.5", 8, 8, 0), 0.5, 1e-12);
}

Test(schedule, cosine_is_half_a_wave)
{
    cr_assert_float_eq(factor("cosine 0", 0, 8, 0), 1, 1e-15);
    cr_assert_float_eq(factor("cosine 0", 4, 8, 0), 0.5, 1e-12);
    cr_assert_float_eq(factor("cosine 0.1", 8, 8, 0), 0.1, 1e-12);
    cr_assert_float_eq(factor("cosine 0", 2, 8, 0), 0.5 * (1 + sqrt(0.5)),
                       1e-12);
}

Test(schedule, plateau_drops_as_often_as_told)
{
    bw_schedule schedule = parse("plateau 0.5:3");

    cr_assert_eq(schedule.kind, BW_SCHEDULE_PLATEAU);
    cr_assert_eq(schedule.patience, 3u);
    cr_assert_float_eq(bw_schedule_factor(&schedule, 7, 10, 0), 1, 0);
    cr_assert_float_eq(bw_schedule_factor(&schedule, 7, 10, 3), 0.125, 0);
}

/* Past the end, and without an end, nothing is but a number. */
Test(schedule, factors_stay_in_range)
{
    static const char *const texts[] = {"constant",        "step 3:2",
                                        "exponential 0.1", "linear 0",
                                        "cosine 0.2",      "plateau 0.9:1"};

    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        double past = factor(texts[k], 30, 20, 0);
        double endless = factor(texts[k], 1, 0, 0);

        cr_assert(past >= 0 && past <= 1, "%s: %g", texts[k], past);
        cr_assert(endless >= 0 && endless <= 1, "%s: %g", texts[k], endless);
    }
}

Test(schedule, texts_that_are_none_are_refused)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "no schedule is called \"\""},
        {"stairs 3", "no schedule is called \"stairs\""},
        {"Constant", "no schedule is called \"Constant\""},
        {"constant 1", "schedule constant: \"1\" is too much"},
        {"step", "\"\" is not EPOCH:DIVISOR"},
        {"step 30", "\"30\" is not EPOCH:DIVISOR"},
        {"step 30:2,", "is not EPOCH:DIVISOR"},
        {"step 30:2;50:5", "is not EPOCH:DIVISOR"},
        {"step 30:-2", "is not EPOCH:DIVISOR"},
        {"step 30:nan", "is not EPOCH:DIVISOR"},
        {"step 30:0x2", "is not EPOCH:DIVISOR"},
        {"step 30:1e999", "is not EPOCH:DIVISOR"},
        {"step 30:0", "a divisor must be over 0"},
        {"step 30:2,30:3", "epoch 30 follows 30"},
        {"exponential", "\"\" begins with no factor"},
        {"exponential 0", "the factor 0 is not over 0 to 1"},
        {"exponential 2", "the factor 2 is not over 0 to 1"},
        {"exponential 0.5 3", "\" 3\" is too much"},
        {"linear 1.5", "the factor 1.5 is not from 0 to 1"},
        {"linear inf", "begins with no factor"},
        {"cosine -1", "begins with no factor"},
        {"plateau 0.5", "\":EPOCHS\" is missing"},
        {"plateau 0.5:", "a whole number"},
        {"plateau 0.5:0", "a whole number"},
        {"plateau 0.5:1.5", "a whole number"},
        {"plateau 0.5:3x", "a whole number"},
    };

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_schedule schedule;

        cr_assert_eq(bw_schedule_parse(bad[k].text, &schedule, &err),
                     BW_ERR_USAGE, "%s", bad[k].text);
        cr_assert(strstr(err.text, bad[k].message), "%s: %s", bad[k].text,
                  err.text);
    }
}

Test(schedule, milestones_have_a_limit)
{
    char text[1024] = "step ";
    bw_error err = BW_ERROR_INIT;
    bw_schedule schedule;
    size_t n = 0;

    for (n = 1; n <= BW_MAX_MILESTONES; n++)
        sprintf(text + strlen(text), "%s%zu:2", n > 1 ? "," : "", n);
    cr_assert_eq(bw_schedule_parse(text, &schedule, &err), BW_OK, "%s",
                 err.text);
    cr_assert_eq(schedule.n_milestones, (size_t)BW_MAX_MILESTONES);
    sprintf(text + strlen(text), ",%zu:2", n);
    cr_assert_eq(bw_schedule_parse(text, &schedule, &err), BW_ERR_USAGE);
    cr_assert(strstr(err.text, "more than 32 epochs"), "%s", err.text);
}
