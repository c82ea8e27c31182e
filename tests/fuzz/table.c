/* table.c - TSV and CSV: rows of numbers, with a column of labels and without,
 * and tables whose columns have names. */
#include "config.h"

#include "fuzz/fuzz.h"
#include "store/columns.h"

static void read_columns(const uint8_t *data, size_t n)
{
    bw_error err = BW_ERROR_INIT;
    bw_columns columns;
    fuzz_file file;
    double value;

    fuzz_file_open(&file, data, n);
    if (fuzz_check(bw_columns_read(file.path, &columns, &err), &err)) {
        FUZZ_MUST(columns.n_rows > 0 && columns.n_columns > 0);
        FUZZ_MUST(bw_columns_find(&columns, columns.cell[0]) == 0);
        for (size_t k = 0; k < columns.n_rows; k++)
            fuzz_check(bw_columns_number(&columns, k, k % columns.n_columns,
                                         &value, &err),
                       &err);
    }
    bw_columns_clear(&columns);
    fuzz_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    bw_error err = BW_ERROR_INIT;
    bw_format format = BW_FORMAT_AUTO;
    bw_bytes *bytes;
    fuzz_file file;

    fuzz_file_open(&file, data, n);
    if (fuzz_check(bw_bytes_open(file.path, &bytes, &err), &err)) {
        fuzz_check(bw_array_sniff(bytes, &format, &err), &err);
        bw_bytes_close(bytes);
    }
    fuzz_file_close(&file);
    fuzz_array(data, n, format == BW_FORMAT_CSV ? format : BW_FORMAT_TSV, NULL);
    fuzz_array(data, n, BW_FORMAT_TSV, n % 4 < 2 ? "1" : "label");
    read_columns(data, n);
    return 0;
}
