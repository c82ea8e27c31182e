/* point.h - a position on a grid, in one word. */
#ifndef BW_POINT_H
#define BW_POINT_H

#include <stdint.h>

/* x below 2^16, y below 2^15. */
static inline int32_t bw_point(int x, int y)
{
    return (int32_t)((uint32_t)y << 16 | (uint32_t)x);
}

static inline int bw_point_x(int32_t point)
{
    return point & 0xffff;
}

static inline int bw_point_y(int32_t point)
{
    return point >> 16;
}

/* Its index in a table whose rows are stride apart. */
static inline int32_t bw_point_place(int32_t point, int32_t stride)
{
    return bw_point_y(point) * stride + bw_point_x(point);
}

static inline int32_t bw_point_squared(int32_t a, int32_t b)
{
    int dx = bw_point_x(a) - bw_point_x(b), dy = bw_point_y(a) - bw_point_y(b);
    return dx * dx + dy * dy;
}

#endif
