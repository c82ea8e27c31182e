/* test_model.c - models in memory and in files, and files that are none. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

#include "model/model.h"
#include "raw_file.h"

TestSuite(model, .init = raw_enter, .fini = raw_leave);

static const char encoder_text[] = "conv 2 3x3 # 1 to 2\nflatten\ndense 3\n";

static bw_shape image(size_t h, size_t w, size_t c)
{
    return (bw_shape){h, w, c, false};
}

static bw_shape flat(size_t n)
{
    return (bw_shape){1, 1, n, true};
}

/* Two networks whose values are 1, 2, 3, ... in the order of the block. */
static bw_model *make(void)
{
    bw_error err = BW_ERROR_INIT;
    bw_model *model = bw_model_create("dwe");

    cr_assert_not_null(model);
    OK(bw_model_add(model, "encoder", encoder_text, "encoder", image(4, 5, 1),
                    1.0, &err));
    OK(bw_model_add(model, "decoder", "dense 20\nrelu\ndense 4", "decoder",
                    flat(3), 0.25, &err));
    OK(bw_model_seal(model, &err));
    for (size_t k = 0; k < model->n_values; k++)
        model->values[k] = (float)(k + 1);
    OK(bw_model_set(model, "ground", "l2", &err));
    OK(bw_model_set_real(model, "scale", 0.1, &err));
    return model;
}

static void write_as(const bw_model *model, const char *name, const char *kind)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *writer;

    OK(bw_writer_create(name, &writer, &err));
    OK(bw_model_put(model, NULL, writer, &err));
    OK(bw_writer_set_meta(writer, BW_META_KIND, kind, &err));
    OK(bw_writer_commit(writer, &err));
    bw_writer_destroy(writer);
}

static bw_status read_model(const char *name, const char *kind,
                            bw_model **ret_model, bw_error *err)
{
    bw_reader *reader;
    bw_status status = bw_reader_open(name, &reader, err);

    *ret_model = NULL;
    if (status == BW_OK)
        status = bw_model_read(reader, kind, ret_model, NULL, err);
    bw_reader_close(reader);
    return status;
}

/* ---- in memory ---- */

Test(model, parts_stand_one_after_the_other)
{
    bw_model *model = make();
    const bw_model_part *encoder = bw_model_find(model, "encoder"),
                        *decoder = bw_model_find(model, "decoder");

    cr_assert_not_null(encoder);
    cr_assert_not_null(decoder);
    cr_expect_null(bw_model_find(model, "critic"));
    cr_expect_eq(encoder->offset, 0);
    cr_expect_eq(decoder->offset, bw_network_n_values(encoder->network));
    cr_expect_eq(model->n_values,
                 2 * 9 + 2 + (4 * 5 * 2 * 3 + 3) + (3 * 5 + 5) + (5 * 4 + 4));
    bw_model_destroy(model);
}

Test(model, part_names_are_checked)
{
    bw_error err = BW_ERROR_INIT;
    bw_model *model = bw_model_create("dwe");

    FAILS(bw_model_add(model, "a.b", "dense 1", "n", flat(1), 1, &err),
          BW_ERR_FORMAT, "'a.b' names no part");
    FAILS(bw_model_add(model, "", "dense 1", "n", flat(1), 1, &err),
          BW_ERR_FORMAT, "'' names no part");
    FAILS(bw_model_add(model, "train", "dense 1", "n", flat(1), 1, &err),
          BW_ERR_FORMAT, "'train' names no part");
    FAILS(bw_model_add(model, "a23456789b123456789c123456789d12", "dense 1",
                       "n", flat(1), 1, &err),
          BW_ERR_FORMAT, "'a23456789b123456789c123456789d12' names no part");
    OK(bw_model_add(model, "p", "dense 1", "n", flat(1), 1, &err));
    FAILS(bw_model_add(model, "p", "dense 1", "n", flat(1), 1, &err),
          BW_ERR_FORMAT, "part p is there twice");
    for (char name[] = "a"; name[0] <= 'g'; name[0]++)
        OK(bw_model_add(model, name, "dense 1", "n", flat(1), 1, &err));
    FAILS(bw_model_add(model, "x", "dense 1", "n", flat(1), 1, &err),
          BW_ERR_FORMAT, "more than 8 parts");
    cr_expect_neq(bw_model_add(model, "x", "what 1", "n", flat(1), 1, &err),
                  BW_OK);
    bw_model_destroy(model);
    bw_model_destroy(NULL);
}

Test(model, settings_are_replaced_and_read_back_to_the_last_bit)
{
    static const double numbers[] = {0.1,   1.0 / 3.0,       -0.0, 5e-324,
                                     1e300, 123456789012.25, 100,  2.5};
    bw_error err = BW_ERROR_INIT;
    bw_model *model = bw_model_create("dwe");
    double value;

    OK(bw_model_set(model, "a", "1", &err));
    OK(bw_model_set(model, "a", "two", &err));
    cr_expect_str_eq(bw_model_get(model, "a"), "two");
    cr_expect_null(bw_model_get(model, "b"));
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        OK(bw_model_set_real(model, "x", numbers[k], &err));
        OK(bw_model_get_real(model, "x", -INFINITY, INFINITY, &value, &err));
        cr_expect_eq(memcmp(&value, &numbers[k], sizeof value), 0, "%s",
                     bw_model_get(model, "x"));
    }
    cr_expect_str_eq(bw_model_get(model, "x"), "2.5");
    FAILS(bw_model_set_real(model, "x", NAN, &err), BW_ERR_RANGE,
          "setting 'x' is not finite");
    FAILS(bw_model_get_real(model, "y", 0, 1, &value, &err), BW_ERR_FORMAT,
          "setting 'y' is missing");
    FAILS(bw_model_get_real(model, "x", 0, 1, &value, &err), BW_ERR_FORMAT,
          "setting 'x' is '2.5', no number in 0 .. 1");
    FAILS(bw_model_get_real(model, "a", 0, 1, &value, &err), BW_ERR_FORMAT,
          "setting 'a' is 'two', no number in 0 .. 1");
    for (size_t k = model->n_settings; k < BW_MAX_SETTINGS; k++) {
        char key[16];

        snprintf(key, sizeof key, "k%zu", k);
        OK(bw_model_set(model, key, "", &err));
    }
    FAILS(bw_model_set(model, "one more", "", &err), BW_ERR_FORMAT,
          "more than 64 settings");
    bw_model_destroy(model);
}

/* ---- in a file ---- */

Test(model, a_file_gives_the_model_back)
{
    bw_error err = BW_ERROR_INIT;
    bw_model *model = make(), *back;
    unsigned char *first, *second;
    size_t n_first, n_second;

    write_as(model, "a.safetensors", "model");
    OK(read_model("a.safetensors", "dwe", &back, &err));
    cr_assert_eq(back->n_values, model->n_values);
    cr_expect_arr_eq(back->values, model->values,
                     model->n_values * sizeof(float));
    cr_expect_eq(back->n_parts, 2);
    cr_expect_str_eq(back->part[1].name, "decoder");
    cr_expect_str_eq(bw_model_get(back, "ground"), "l2");
    cr_expect_eq(back->n_settings, 2);
    write_as(back, "b.safetensors", "model");
    first = raw_read("a.safetensors", &n_first);
    second = raw_read("b.safetensors", &n_second);
    cr_expect(n_first == n_second && memcmp(first, second, n_first) == 0);
    free(first);
    free(second);
    bw_model_destroy(model);
    bw_model_destroy(back);
}

/* As a program sees it that knows no kind. */
Test(model, of_any_kind_tells_its_kind_and_parts)
{
    bw_error err = BW_ERROR_INIT;
    bw_model *model = make(), *back;
    const bw_model_part *part;

    write_as(model, "m.safetensors", "model");
    OK(read_model("m.safetensors", NULL, &back, &err));
    cr_expect_str_eq(bw_model_kind(back), "dwe");
    cr_assert_eq(bw_model_n_parts(back), 2);
    part = bw_model_get_part(back, 1);
    cr_expect_str_eq(bw_model_part_name(part), "decoder");
    cr_expect_eq(part, bw_model_find(back, "decoder"));
    cr_expect_str_eq(bw_network_text(bw_model_part_network(part)),
                     bw_network_text(model->part[1].network));
    bw_model_destroy(model);
    bw_model_destroy(back);
}

Test(model, of_a_kind_too_long_is_refused)
{
    static const char file[] =
        "{\"__metadata__\":{\"barrow.kind\":\"model\",\"model\":"
        "\"a23456789b123456789c123456789d12\"}}";
    bw_error err = BW_ERROR_INIT;
    bw_model *model;

    raw_write_container("m.safetensors", file, "", 0);
    FAILS(read_model("m.safetensors", NULL, &model, &err), BW_ERR_FORMAT,
          "m.safetensors: 'a23456789b123456789c123456789d12' is no kind of "
          "model");
    cr_expect_null(model);
}

Test(model, tensors_have_pytorchs_names_and_layouts)
{
    static const struct {
        const char *name;
        unsigned rank;
        uint64_t shape[4];
    } wanted[] = {
        {"encoder.0.weight", 4, {2, 1, 3, 3}}, {"encoder.0.bias", 1, {2}},
        {"encoder.2.weight", 2, {3, 40}},      {"encoder.2.bias", 1, {3}},
        {"decoder.0.weight", 2, {5, 3}},       {"decoder.0.bias", 1, {5}},
        {"decoder.2.weight", 2, {4, 5}},       {"decoder.2.bias", 1, {4}},
    };
    bw_error err = BW_ERROR_INIT;
    bw_model *model = make();
    bw_reader *reader;

    write_as(model, "a.st.zst", "model");
    OK(bw_reader_open("a.st.zst", &reader, &err));
    cr_assert_eq(bw_reader_n_tensors(reader), 8);
    for (size_t k = 0; k < 8; k++) {
        const bw_tensor *t = bw_reader_tensor(reader, k);

        cr_expect_str_eq(t->name, wanted[k].name);
        cr_expect_eq(t->dtype, BW_F32);
        cr_expect_eq(t->rank, wanted[k].rank);
        cr_expect_arr_eq(t->shape, wanted[k].shape,
                         wanted[k].rank * sizeof(uint64_t));
    }
    cr_expect_str_eq(bw_reader_meta(reader, "model"), "dwe");
    cr_expect_str_eq(bw_reader_meta(reader, "input.encoder"), "4x5x1");
    cr_expect_str_eq(bw_reader_meta(reader, "input.decoder"), "3");
    cr_expect_str_eq(bw_reader_meta(reader, "scale"), "0.1");
    bw_reader_close(reader);
    bw_model_destroy(model);
}

/* Another program may write the tensors in any order. */
Test(model, tensors_are_matched_by_name)
{
    static const char header[] =
        "{\"__metadata__\":{\"barrow.kind\":\"model\",\"model\":\"dwe\","
        "\"net.p\":\"dense 2\",\"input.p\":\"1\"},"
        "\"train.x\":{\"dtype\":\"F64\",\"shape\":[1],"
        "\"data_offsets\":[0,8]},"
        "\"p.0.bias\":{\"dtype\":\"F32\",\"shape\":[2],"
        "\"data_offsets\":[8,16]},"
        "\"p.0.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],"
        "\"data_offsets\":[16,24]}}";
    static const float data[] = {0, 0, 1, 2, 3, 4};
    static const float wanted[] = {3, 4, 1, 2};
    bw_error err = BW_ERROR_INIT;
    bw_model *model;

    raw_write_container("m.safetensors", header, data, sizeof data);
    OK(read_model("m.safetensors", "dwe", &model, &err));
    cr_expect_arr_eq(model->values, wanted, sizeof wanted);
    bw_model_destroy(model);
}

Test(model, values_that_are_no_numbers_are_not_written)
{
    bw_error err = BW_ERROR_INIT;
    bw_model *model = make();
    bw_writer *writer;

    model->values[20] = INFINITY; /* 18 weights and 2 biases come before */
    OK(bw_writer_create("a.st.zst", &writer, &err));
    FAILS(bw_model_put(model, NULL, writer, &err), BW_ERR_RANGE,
          "tensor 'encoder.2.weight': value 0 is not finite");
    bw_writer_destroy(writer);
    bw_model_destroy(model);
}

/* ---- files that are no model ---- */

#define META(more)                                                             \
    "{\"__metadata__\":{\"barrow.kind\":\"model\",\"model\":\"dwe\"" more "}"
#define NET(text, input)                                                       \
    META(",\"net.p\":\"" text "\",\"input.p\":\"" input "\"")
#define WEIGHT                                                                 \
    ",\"p.0.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],"                      \
    "\"data_offsets\":[0,8]}"
#define BIAS                                                                   \
    ",\"p.0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}"

static const struct {
    const char *header, *message;
} bad[] = {
    {"{}", "no model: metadata 'barrow.kind' is missing"},
    {"{\"__metadata__\":{\"barrow.kind\":\"images\",\"model\":\"dwe\"}}",
     "kind images, not model"},
    {"{\"__metadata__\":{\"barrow.kind\":\"model\",\"model\":\"w\\n\"}}",
     "a model of kind w\\x0a, not dwe"},
    {META("") "}", "the model has no network"},
    {META(",\"net.p\":\"dense 2\"") "}",
     "net.p: metadata 'input' of the part is missing"},
    {NET("dense 2", "0") "}", "net.p: '0' is no input shape"},
    {NET("dense 2", "1x2") "}", "net.p: '1x2' is no input shape"},
    {NET("dense 2", "1x2x") "}", "net.p: '1x2x' is no input shape"},
    {NET("dense 2", "1x2x3x4") "}", "net.p: '1x2x3x4' is no input shape"},
    {NET("dense 2", "99999999999999999999") "}",
     "net.p: '99999999999999999999' is no input shape"},
    {NET("dense 2", "65536x65536x1") "}",
     "net.p: '65536x65536x1' is no input shape"},
    {NET("dense 2", " 1") "}", "net.p: ' 1' is no input shape"},
    {NET("dense 2", "1") "}", "tensor 'p.0.weight' is missing"},
    {NET("dense 2", "1") WEIGHT "}", "tensor 'p.0.bias' is missing"},
    {NET("dense 3", "1") WEIGHT BIAS "}", "tensor 'p.0.weight': 2x1, not 3x1"},
    {NET("dense 2", "1") WEIGHT BIAS
     ",\"more\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[16,16]}}",
     "tensor 'more' is superfluous"},
    {NET("dense 2", "1") ",\"p.0.weight\":{\"dtype\":\"F64\",\"shape\":[1,1],"
                         "\"data_offsets\":[0,8]}" BIAS "}",
     "tensor 'p.0.weight': F64, not F32"},
    {NET("dense 2", "1") WEIGHT BIAS "}",
     "tensor 'p.0.bias': value 1 is not finite"},
};

Test(model, what_is_no_model_is_refused_with_its_reason)
{
    static const float data[] = {1, 2, 3, NAN};
    bw_error err = BW_ERROR_INIT;
    bw_model *model;

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char message[256];
        size_t n = strstr(bad[k].header, ",16]") != NULL ? 16 : 0;

        if (n == 0 && strstr(bad[k].header, ",8]") != NULL)
            n = 8;
        raw_write_container("m.safetensors", bad[k].header, data, n);
        snprintf(message, sizeof message, "m.safetensors: %s", bad[k].message);
        FAILS(read_model("m.safetensors", "dwe", &model, &err), BW_ERR_FORMAT,
              message);
        cr_expect_null(model);
    }
}

Test(model, a_networks_own_errors_name_path_and_key)
{
    bw_error err = BW_ERROR_INIT;
    bw_model *model;

    raw_write_container("m.safetensors", NET("dense 2\\nwhat", "1") "}", "", 0);
    cr_expect_eq(read_model("m.safetensors", "dwe", &model, &err),
                 BW_ERR_FORMAT);
    cr_expect_eq(strncmp(err.text, "m.safetensors: net.p: line 2: ", 30), 0,
                 "%s", err.text);
}

Test(model, a_file_that_is_cut_is_refused)
{
    bw_error err = BW_ERROR_INIT;
    bw_model *model = make(), *back;
    unsigned char *bytes;
    size_t n;

    write_as(model, "a.st.zst", "checkpoint");
    bw_model_destroy(model);
    bytes = raw_read("a.st.zst", &n);
    for (size_t length = 0; length < n; length++) {
        raw_write("a.st.zst", bytes, length);
        cr_expect_eq(read_model("a.st.zst", "dwe", &back, &err), BW_ERR_FORMAT,
                     "%zu bytes", length);
        cr_expect_null(back);
    }
    raw_write("a.st.zst", bytes, n);
    OK(read_model("a.st.zst", "dwe", &back, &err));
    bw_model_destroy(back);
    free(bytes);
}
