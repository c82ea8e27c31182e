/* reader.h - what winfo asks of a reader beyond container.h. */
#ifndef BW_READER_H
#define BW_READER_H

#include "barrow/container.h"
#include "store/stream_in.h"

/* The stream's figures so far: sizes, frames, checksums. */
const bw_stream_state *bw_reader_state(const bw_reader *reader);

/* The value beside bw_reader_meta_key(reader, k), without a search. */
const char *bw_reader_meta_value(const bw_reader *reader, size_t k);

#endif
