/* net_case.h - a network or layer, the shape of what goes in, and how many. */
#ifndef NET_CASE_H
#define NET_CASE_H

#include <stddef.h>

#include "barrow/network.h"

typedef struct net_case {
    const char *text;
    bw_shape in;
    size_t n;
} net_case;

#define FLAT(c)                                                                \
    {                                                                          \
        1, 1, c, true                                                          \
    }
#define IMAGE(h, w, c)                                                         \
    {                                                                          \
        h, w, c, false                                                         \
    }

#endif
