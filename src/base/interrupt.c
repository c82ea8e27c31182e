/* interrupt.c - SIGINT and SIGTERM as a question. */
#include "config.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "base/interrupt.h"

/* The signal that came, or 0. Handlers may use it where it takes no lock, and
 * threads may ask. */
static atomic_int caught;

static void take_signal(int number)
{
    if (atomic_exchange(&caught, number) != 0)
        _exit(128 + number);
}

/* A signal that the parent had ignored (nohup, a background job of a script)
 * stays ignored. */
static void catch_signal(int number)
{
    struct sigaction action, before;

    if (sigaction(number, NULL, &before) != 0 || before.sa_handler == SIG_IGN)
        return;
    action.sa_handler = take_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void bw_interrupt_install(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
}

int bw_interrupt_signal(void)
{
    return atomic_load(&caught);
}

int bw_interrupt_exit_status(void)
{
    return 128 + atomic_load(&caught);
}
