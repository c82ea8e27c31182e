/* test_header.c - the JSON header: what is taken, what is refused and why. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "store/header.h"

#define F64(shape, from, to)                                                   \
    "{\"dtype\":\"F64\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to  \
    "]}"

static bw_status parse(const char *text, bw_header *header, bw_error *err)
{
    *header = (bw_header)BW_HEADER_INIT;
    return bw_header_parse(header, text, strlen(text), err);
}

Test(header, is_parsed)
{
    bw_error err = BW_ERROR_INIT;
    bw_header h;

    cr_assert_eq(parse("{}", &h, &err), BW_OK, "%s", err.text);
    cr_expect_eq(h.n_tensors + h.n_meta + h.n_data_bytes, 0);
    bw_header_clear(&h);

    cr_assert_eq(
        parse("{ \"b\" : " F64(
                  "[2, 3]", 8,
                  56) " ,\n\"__metadata__\":{\"z\":\"1\",\"a\":\"\\u00e9\"},"
                      "\"a\":" F64("[]", 0, 8) "}   ",
              &h, &err),
        BW_OK, "%s", err.text);
    cr_assert_eq(h.n_tensors, 2);
    cr_expect_str_eq(h.tensor[0].name, "a");
    cr_expect_eq(h.tensor[0].rank, 0);
    cr_expect_eq(h.tensor[0].n_items, 1);
    cr_expect_str_eq(h.tensor[1].name, "b");
    cr_expect_eq(h.tensor[1].dtype, BW_F64);
    cr_expect_eq(h.tensor[1].rank, 2);
    cr_expect_eq(h.tensor[1].shape[1], 3);
    cr_expect_eq(h.tensor[1].offset, 8);
    cr_expect_eq(h.tensor[1].n_items, 6);
    cr_expect_eq(h.tensor[1].n_bytes, 48);
    cr_expect_eq(h.n_data_bytes, 56);
    cr_assert_eq(h.n_meta, 2);
    cr_expect_str_eq(h.meta[0].key, "z");
    cr_expect_str_eq(bw_header_meta(&h, "a"), "\xc3\xa9");
    cr_expect_null(bw_header_meta(&h, "b"));
    bw_header_clear(&h);
}

Test(header, empty_tensors_keep_their_places)
{
    bw_error err = BW_ERROR_INIT;
    bw_header h;

    cr_assert_eq(
        parse(
            "{\"z\":" F64("[0]", 0, 0) ",\"y\":" F64("[1]", 0, 8) ",\"x\":" F64(
                "[3,0]", 8, 8) ",\"w\":" F64("[0]", 8,
                                             8) ",\"v\":" F64("[1]", 8, 16) "}",
            &h, &err),
        BW_OK, "%s", err.text);
    for (size_t k = 0; k < 5; k++)
        cr_expect_eq(h.tensor[k].name[0], 'z' - (char)k);
    bw_header_clear(&h);
    cr_assert_eq(
        parse("{\"y\":" F64("[1]", 0, 8) ",\"z\":" F64("[0]", 0, 0) "}", &h,
              &err),
        BW_OK, "%s", err.text);
    cr_expect_str_eq(h.tensor[0].name, "z");
    bw_header_clear(&h);
}

typedef struct bad {
    const char *text, *message;
} bad;

static void refuses(const bad *cases)
{
    for (; cases->text != NULL; cases++) {
        bw_error err = BW_ERROR_INIT;
        bw_header h;

        cr_expect_eq(parse(cases->text, &h, &err), BW_ERR_FORMAT, "%s",
                     cases->text);
        cr_expect_str_eq(err.text, cases->message, "%s\n%s", cases->text,
                         err.text);
        cr_expect_null(h.tensor);
        cr_expect_null(h.meta);
    }
}

Test(header, bad_json_is_refused)
{
    refuses((bad[]){
        {"", "header: '{' expected at byte 0"},
        {" {}", "header: '{' expected at byte 0"},
        {"[]", "header: '{' expected at byte 0"},
        {"{", "header: string expected at byte 1"},
        {"{}{", "header: text after the object at byte 2"},
        {"{\"a\"", "header: ':' expected at byte 4"},
        {"{\"a\":1}", "header: object expected at byte 5"},
        {"{\"a\":" F64("[1]", 0, 8) "]", "header: ',' expected at byte 53"},
        {"{\"a\":" F64("[1]", 0, 8) ",}", "header: string expected at byte 54"},
        {"{\"\xff\":{}}", "header: unable to decode byte 0xff near '\"' at "
                          "byte 2"},
        {"{\"\\ud800\":{}}", "header: invalid Unicode '\\uD800' near "
                             "'\"\\ud800\"' at byte 9"},
        {"{\"__metadata__\":{\"a\":1}}", "header: string expected at byte 21"},
        {"{\"__metadata__\":[]}", "header: '{' expected at byte 16"},
        {NULL, NULL},
    });
}

Test(header, repeated_names_are_refused)
{
    refuses((bad[]){
        {"{\"a\":" F64("[1]", 0, 8) ",\"a\":" F64("[1]", 8, 16) "}",
         "header: tensor 'a' is there twice"},
        {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}",
         "header: metadata 'k' is there twice"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}",
         "header: second __metadata__ at byte 34"},
        {"{\"a\":{\"dtype\":\"F64\",\"dtype\":\"F64\"}}",
         "header: duplicate object key near '\"dtype\"' at byte 27"},
        {NULL, NULL},
    });
}

Test(header, bad_entries_are_refused)
{
    refuses((bad[]){
        {"{\"a\":{}}", "tensor 'a': 'dtype' is no string"},
        {"{\"a\":{\"dtype\":\"F65\"}}", "tensor 'a': type 'F65' is not known"},
        {"{\"a\":{\"dtype\":\"F64\"}}", "tensor 'a': 'shape' is no list"},
        {"{\"a\":" F64("[-1]", 0, 8) "}",
         "tensor 'a': size 1 of the shape is no integer from 0 on"},
        {"{\"a\":" F64("[1,1.0]", 0, 8) "}",
         "tensor 'a': size 2 of the shape is no integer from 0 on"},
        {"{\"a\":" F64("[1,1,1,1,1,1,1,1,1]", 0, 8) "}",
         "tensor 'a': 9 axes, more than the 8 that are allowed"},
        {"{\"a\\u001b[31m\":" F64("[1]", -8, 0) "}",
         "tensor 'a\\x1b[31m': 'data_offsets' is no pair of integers from 0 "
         "on"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8,9]}}",
         "tensor 'a': 'data_offsets' is no pair of integers from 0 on"},
        {NULL, NULL},
    });
}

Test(header, overflowing_shapes_are_refused)
{
    refuses((bad[]){
        {"{\"a\":" F64("[4294967296,4294967296]", 0, 0) "}",
         "tensor 'a': the shape holds more bytes than 63 bits count"},
        {"{\"a\":" F64("[4294967296,0,4294967296]", 0, 0) "}",
         "tensor 'a': the shape holds more bytes than 63 bits count"},
        {"{\"a\":" F64("[1152921504606846976]", 0, 0) "}",
         "tensor 'a': the shape holds more bytes than 63 bits count"},
        {"{\"a\":" F64("[99999999999999999999]", 0, 0) "}",
         "header: too big integer near '99999999999999999999' at byte 49"},
        {NULL, NULL},
    });
}

Test(header, bad_offsets_are_refused)
{
    refuses((bad[]){
        {"{\"a\":" F64("[2]", 0, 8) "}",
         "tensor 'a': offsets 0 to 8 do not fit a shape of 16 bytes"},
        {"{\"a\":" F64("[1]", 8, 0) "}",
         "tensor 'a': offsets 8 to 0 do not fit a shape of 8 bytes"},
        {"{\"a\":" F64("[1]", 8, 16) "}",
         "tensor 'a' begins at offset 8, after a hole that begins at 0"},
        {"{\"a\":" F64("[1]", 0, 8) ",\"b\":" F64("[1]", 16, 24) "}",
         "tensor 'b' begins at offset 16, after a hole that begins at 8"},
        {"{\"a\":" F64("[1]", 0, 8) ",\"b\":" F64("[1]", 4, 12) "}",
         "tensor 'b' begins at offset 4, inside data that end at 8"},
        {"{\"a\":" F64("[2]", 0, 16) ",\"b\":" F64("[0]", 8, 8) "}",
         "tensor 'b' begins at offset 8, inside data that end at 16"},
        {NULL, NULL},
    });
}

Test(header, an_overlong_entry_is_refused)
{
    static const char head[] = "{\"a\":{\"x\":\"";
    size_t n = 80 * 1000;
    char *text = malloc(n + 1);
    bw_error err = BW_ERROR_INIT;
    bw_header h;

    cr_assert_not_null(text);
    memset(text, 'y', n);
    memcpy(text, head, strlen(head));
    memcpy(text + n - 4, "\"}}", 4);
    cr_expect_eq(parse(text, &h, &err), BW_ERR_FORMAT);
    cr_expect_str_eq(err.text, "header: overlong entry of a tensor at byte 5");
    free(text);
}

Test(header, is_printed_and_read_back)
{
    bw_error err = BW_ERROR_INIT;
    bw_header h = BW_HEADER_INIT, back = BW_HEADER_INIT;
    bw_tensor t = {.name = "\xc3\xa9\"\n", .dtype = BW_U8, .rank = 1};
    char *text;
    size_t n;

    t.shape[0] = 3;
    cr_assert(bw_header_measure(&t));
    cr_assert_eq(bw_header_set_meta(&h, "b", "1", &err), BW_OK);
    cr_assert_eq(bw_header_set_meta(&h, "a", "2", &err), BW_OK);
    cr_assert_eq(bw_header_set_meta(&h, "b", "3", &err), BW_OK);
    cr_assert_eq(bw_header_add(&h, &t, &err), BW_OK);
    cr_assert_eq(bw_header_print(&h, &text, &n, &err), BW_OK);
    cr_expect_eq(n % 8, 0);
    cr_expect_eq(strlen(text), n);
    cr_expect_str_eq(text, "{\"__metadata__\":{\"b\":\"3\",\"a\":\"2\"},"
                           "\"\xc3\xa9\\\"\\n\":{\"dtype\":\"U8\",\"shape\":[3]"
                           ",\"data_offsets\":[0,3]}}     ");
    cr_assert_eq(bw_header_parse(&back, text, n, &err), BW_OK, "%s", err.text);
    cr_expect_str_eq(back.tensor[0].name, t.name);
    cr_expect_str_eq(back.meta[0].value, "3");
    free(text);
    bw_header_clear(&h);
    bw_header_clear(&back);
}

Test(header, metadata_must_be_utf8)
{
    bw_error err = BW_ERROR_INIT;
    bw_header h = BW_HEADER_INIT;

    cr_expect_eq(bw_header_set_meta(&h, "k", "\xc3(", &err), BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "metadata 'k' is no UTF-8");
    cr_expect_eq(bw_header_set_meta(&h, "\xed\xa0\x80", "", &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "metadata '\\xed\\xa0\\x80' is no UTF-8");
    cr_expect_eq(h.n_meta, 0);
    bw_header_clear(&h);
}
