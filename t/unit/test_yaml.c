/* test_yaml.c - YAML by a schema: what is loaded, and that every refusal names its line, its
 * full path and a remedy. The schema here has one setting of each type.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <cyaml/cyaml.h>

#include "base/auto.h"
#include "conf/yaml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct inner {
	char *key;
	int8_t small;
};

struct outer {
	bool is_on;
	uint8_t byte;
	int16_t number;
	uint64_t large;
	char *string;
	int colour;
	uint32_t set;
	struct inner *list;
	uint32_t list_count;
	struct inner *inner;
};

static const cyaml_strval_t colours[] = { { "red", 1 }, { "green", 2 } };
static const cyaml_strval_t bits[] = { { "one", 1 }, { "two", 2 } };

static const cyaml_schema_field_t inner_fields[] = {
	CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_DEFAULT, struct inner, key, 2, 5),
	CYAML_FIELD_INT("small", CYAML_FLAG_OPTIONAL, struct inner, small),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t inner = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct inner, inner_fields),
};

#define OPTIONAL CYAML_FLAG_OPTIONAL

static const cyaml_schema_field_t outer_fields[] = {
	CYAML_FIELD_BOOL("is_on", OPTIONAL, struct outer, is_on),
	CYAML_FIELD_UINT("byte", OPTIONAL, struct outer, byte),
	CYAML_FIELD_INT("number", OPTIONAL, struct outer, number),
	CYAML_FIELD_UINT("large", OPTIONAL, struct outer, large),
	CYAML_FIELD_STRING_PTR("string", CYAML_FLAG_DEFAULT, struct outer, string, 1, 5),
	CYAML_FIELD_ENUM("colour", OPTIONAL | CYAML_FLAG_STRICT, struct outer, colour, colours,
		2),
	CYAML_FIELD_FLAGS("set", OPTIONAL | CYAML_FLAG_STRICT, struct outer, set, bits, 2),
	CYAML_FIELD_SEQUENCE("list", OPTIONAL | CYAML_FLAG_POINTER, struct outer, list, &inner,
		1, 2),
	CYAML_FIELD_MAPPING_PTR("inner", OPTIONAL, struct outer, inner, inner_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t outer = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct outer, outer_fields),
};

struct pair {
	const char *yaml;
	const char *text;
};

static void is_refused(void **state)
{
	const struct pair *pair = *state;
	struct yaml *yaml = NULL;
	void *data = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(yaml_load("t", pair->yaml, strlen(pair->yaml), &outer, &data, &yaml,
				 &err),
		-1);
	assert_string_equal(err.text, pair->text);
	assert_int_equal(err.code, ERR_BAD_INPUT);
	assert_null(data);
	assert_null(yaml);
}

static void load(const char *text, struct outer **ret, struct yaml **ret_yaml)
{
	void *data;
	struct err err = ERR_INIT;

	if (yaml_load("t", text, strlen(text), &outer, &data, ret_yaml, &err) < 0)
		fail_msg("%s", err.text);
	*ret = data;
}

static void is_loaded(void **state)
{
	const struct pair *pair = *state;
	auto_yaml struct yaml *yaml = NULL;
	struct outer *data;

	load(pair->yaml, &data, &yaml);
	yaml_free_data(&outer, data);
}

static void every_type_arrives(void **state)
{
	auto_yaml struct yaml *yaml = NULL;
	struct outer *data;

	(void)state;
	load("is_on: true\nbyte: 255\nnumber: -32768\nlarge: 9223372036854775807\nstring: "
	     "'null'\n"
	     "colour: green\nset: [two, one]\nlist:\n- key: ab\n- {key: cd, small: -1}\n"
	     "inner: {key: ef, small: 127}\n",
		&data, &yaml);
	assert_true(data->is_on);
	assert_int_equal(data->byte, 255);
	assert_int_equal(data->number, -32768);
	assert_int_equal(data->large, INT64_MAX);
	assert_string_equal(data->string, "null");
	assert_int_equal(data->colour, 2);
	assert_int_equal(data->set, 3);
	assert_int_equal(data->list_count, 2);
	assert_string_equal(data->list[1].key, "cd");
	assert_int_equal(data->list[1].small, -1);
	assert_int_equal(data->inner->small, 127);
	yaml_free_data(&outer, data);
}

static void what_is_printed_reads_back(void **state)
{
	auto_yaml struct yaml *yaml = NULL, *yaml_again = NULL;
	auto_text struct text first = TEXT_INIT, second = TEXT_INIT;
	struct outer *data, *again;
	struct err err = ERR_INIT;

	(void)state;
	load("string: ' a: '\ncolour: red\nset: []\ninner: {key: '# b'}\n", &data, &yaml);
	assert_int_equal(yaml_print(&outer, data, &first, &err), 0);
	load(first.s, &again, &yaml_again);
	assert_string_equal(again->string, " a: ");
	assert_string_equal(again->inner->key, "# b");
	assert_int_equal(yaml_print(&outer, again, &second, &err), 0);
	assert_string_equal(first.s, second.s);
	yaml_free_data(&outer, data);
	yaml_free_data(&outer, again);
}

static void a_path_has_its_line_or_its_parents(void **state)
{
	auto_yaml struct yaml *yaml = NULL;
	struct outer *data;
	struct err err = ERR_INIT;

	(void)state;
	load("# a comment\nstring:\n  abc\nlist:\n- key: ab\n  small: 1\n\n- small: 2\n  key: "
	     "cd\n",
		&data, &yaml);
	yaml_free_data(&outer, data);
	assert_int_equal(yaml_line(yaml, "string"), 2);
	assert_int_equal(yaml_line(yaml, "list"), 4);
	assert_int_equal(yaml_line(yaml, "list[0].small"), 6);
	assert_int_equal(yaml_line(yaml, "list[1]"), 8);
	assert_int_equal(yaml_line(yaml, "list[1].key"), 9);
	assert_int_equal(yaml_line(yaml, "list[1].ke"), 8);
	assert_int_equal(yaml_line(yaml, "list[1].keys.deep"), 8);
	assert_int_equal(yaml_line(yaml, "list[2].key"), 4);
	assert_int_equal(yaml_line(yaml, "list.key"), 4);
	assert_int_equal(yaml_line(yaml, "byte"), 2);
	assert_true(yaml_has(yaml, "list[1].key"));
	assert_false(yaml_has(yaml, "list[2]"));
	assert_false(yaml_has(yaml, "list[1].keys"));
	assert_false(yaml_has(yaml, "inner"));
	assert_int_equal(yaml_refuse(yaml, "list[1].key", &err, "no %s\nhere", "luck"), -1);
	assert_string_equal(err.text, "t:9: no luck?here");
}

static void a_nul_byte_is_refused(void **state)
{
	static const char yaml[] = "string: a\nbyte: \0 1\n";
	struct yaml *lines = NULL;
	void *data = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(yaml_load("t", yaml, sizeof(yaml) - 1, &outer, &data, &lines, &err),
		-1);
	assert_string_equal(err.text,
		"t:2: this is not YAML: control characters are not "
		"allowed; write it in UTF-8, without control characters");
}

/* "# xxx...", `len` bytes in all, with a setting at the end. */
static int load_of_length(size_t len, struct err *err)
{
	static const char setting[] = "\nstring: a";
	auto_free char *text = text_alloc(len + 1, 1);
	auto_yaml struct yaml *yaml = NULL;
	void *data = NULL;
	int rc;

	memset(text, '#', len - strlen(setting));
	memcpy(text + len - strlen(setting), setting, sizeof(setting));
	rc = yaml_load("t", text, len, &outer, &data, &yaml, err);
	yaml_free_data(&outer, data);
	return rc;
}

static void a_text_over_256_kib_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(load_of_length(262143, &err), 0);
	assert_int_equal(load_of_length(262144, &err), 0);
	assert_int_equal(load_of_length(262145, &err), -1);
	assert_string_equal(err.text, "t:1: the text is larger than 262144 bytes; shorten it");
}

/* The refusal of `n` lists within each other below "string". */
static void nest(size_t n, struct err *err)
{
	auto_text struct text text = TEXT_INIT;
	struct yaml *yaml = NULL;
	void *data = NULL;

	text_add(&text, "string: ");
	for (size_t i = 0; i < n; i++)
		text_add(&text, "[");
	for (size_t i = 0; i < n; i++)
		text_add(&text, "]");
	assert_int_equal(yaml_load("t", text.s, text.len, &outer, &data, &yaml, err), -1);
}

static void depth_beyond_16_levels_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	nest(15, &err);
	assert_non_null(strstr(err.text, "string must be a single value"));
	nest(16, &err);
	assert_string_equal(err.text,
		"t:1: this is nested deeper than 16 levels; no setting is");
	nest(30000, &err);
	assert_non_null(strstr(err.text, "deeper than 16"));
}

static void more_than_1024_entries_are_refused(void **state)
{
	auto_text struct text text = TEXT_INIT;
	struct yaml *yaml = NULL;
	void *data = NULL;
	struct err err = ERR_INIT;

	(void)state;
	text_add(&text, "string: a\nset:\n");
	for (size_t i = 0; i < 1024; i++)
		text_add(&text, "- x\n");
	assert_int_equal(yaml_load("t", text.s, text.len, &outer, &data, &yaml, &err), -1);
	assert_string_equal(err.text, "t:3: unknown word 'x' in set; known are one, two");
	text_add(&text, "- x\n");
	assert_int_equal(yaml_load("t", text.s, text.len, &outer, &data, &yaml, &err), -1);
	assert_string_equal(err.text, "t:1027: there are more than 1024 entries; remove some");
}

#define SYNTAX                                                                                 \
	"; check the quotes and the indentation (blanks, no tabs) here and in the line above"
#define OUTER_KEYS  "is_on, byte, number, large, string, colour, set, list, inner"
#define WANT_SCALAR "must be a single value; write 'key: value' on one line"
#define WANT_LIST   "must be a list; write [a, b], or a line with '- ' for each entry"
#define WANT_KEYS   "must hold settings; write 'key: value' lines below it"
#define EMPTY       "is empty; give it a value or remove the line"
#define ANCHORS                                                                                \
	"anchors and aliases (& and *) are not allowed; write the value out, in quotes if it " \
	"begins so"
#define TAGS "tags (!) are not allowed; put the value in quotes if it begins so"

#define REFUSED(name, yaml, text)                                                              \
	{                                                                                      \
		name, is_refused, NULL, NULL, &(struct pair)                                   \
		{                                                                              \
			yaml, text                                                             \
		}                                                                              \
	}
#define LOADED(name, yaml)                                                                     \
	{                                                                                      \
		name, is_loaded, NULL, NULL, &(struct pair)                                    \
		{                                                                              \
			yaml, NULL                                                             \
		}                                                                              \
	}
#define A "string: a\n"

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_type_arrives),
	cmocka_unit_test(what_is_printed_reads_back),
	cmocka_unit_test(a_path_has_its_line_or_its_parents),
	cmocka_unit_test(a_nul_byte_is_refused),
	cmocka_unit_test(a_text_over_256_kib_is_refused),
	cmocka_unit_test(depth_beyond_16_levels_is_refused),
	cmocka_unit_test(more_than_1024_entries_are_refused),

	REFUSED("an empty file is refused", "",
		"t:1: the file is empty; write its settings as 'key: value' lines"),
	REFUSED("a file of comments is refused", "# a\n# b\n",
		"t:1: the file is empty; write its settings as 'key: value' lines"),
	REFUSED("an empty document is refused", "---\n...\n",
		"t:2: the file is empty; write its settings as 'key: value' lines"),
	REFUSED("a lone word is refused", "hello\n", "t:1: the file " WANT_KEYS),
	REFUSED("a list at the top is refused", "- a\n", "t:1: the file " WANT_KEYS),
	REFUSED("a second document is refused", A "---\n" A,
		"t:2: a second document begins; remove it and its '---'"),
	LOADED("document marks around one document are fine", "---\n" A "...\n"),
	LOADED("a version directive is fine", "%YAML 1.1\n---\n" A),
	LOADED("carriage returns are fine", "string: a\r\nbyte: 1\r\n"),

	REFUSED("a tab as indentation is refused", A "list:\n\t- key: ab\n",
		"t:3: this is not YAML: found character that cannot start any token" SYNTAX),
	REFUSED("an open quote is refused", A "colour: 'red\n",
		"t:3: this is not YAML: found unexpected end of stream" SYNTAX),
	REFUSED("an open list is refused", A "set: [one\n",
		"t:3: this is not YAML: did not find expected ',' or ']'" SYNTAX),
	REFUSED("wrong indentation is refused", A " byte: 1\n",
		"t:2: this is not YAML: mapping values are not allowed in this context" SYNTAX),
	REFUSED("bytes that are not UTF-8 are refused", A "colour: \xff\n",
		"t:2: this is not YAML: invalid leading UTF-8 octet; write it in UTF-8, "
		"without control characters"),
	REFUSED("an escaped NUL is refused", "string: \"a\\0b\"\n",
		"t:1: a value holds a NUL character; remove the \\0"),

	REFUSED("an anchor is refused", "string: &x a\n", "t:1: " ANCHORS),
	REFUSED("an alias is refused", A "colour: *x\n", "t:2: " ANCHORS),
	REFUSED("an anchor on a list is refused", A "set: &x [one]\n", "t:2: " ANCHORS),
	REFUSED("an anchor on a mapping is refused", A "inner: &x {key: ab}\n",
		"t:2: " ANCHORS),
	REFUSED("a tag is refused", "string: !!str a\n", "t:1: " TAGS),
	REFUSED("a tag on a list is refused", A "set: !!seq [one]\n", "t:2: " TAGS),
	REFUSED("a tag on a mapping is refused", A "inner: !x {key: ab}\n", "t:2: " TAGS),
	REFUSED("a merge key is refused", A "<<: {byte: 1}\n",
		"t:2: unknown key '<<' in the file; known are " OUTER_KEYS),

	REFUSED("a duplicate key is refused", A "byte: 1\nstring: b\n",
		"t:3: 'string' is set twice, first in line 1; remove one"),
	REFUSED("a duplicate key further down is refused", A "inner:\n  key: ab\n  key: cd\n",
		"t:4: 'key' is set twice, first in line 3; remove one"),
	REFUSED("a list as a key is refused", A "[a]: b\n",
		"t:2: a key must be a single word; write 'key: value'"),
	REFUSED("an unknown key is refused at its own line", "byte: 1\n\nverbosity: 3\n" A,
		"t:3: unknown key 'verbosity' in the file; known are " OUTER_KEYS),
	REFUSED("a near miss is recognised", A "\ncolor: red\n",
		"t:3: unknown key 'color' in the file; did you mean 'colour'? known "
		"are " OUTER_KEYS),
	REFUSED("swapped letters are recognised", A "\nlarge: 1\nnubmer: 1\n",
		"t:4: unknown key 'nubmer' in the file; did you mean 'number'? known "
		"are " OUTER_KEYS),
	REFUSED("a short word is near only by one letter", A "lst: 1\n",
		"t:2: unknown key 'lst' in the file; did you mean 'list'? known "
		"are " OUTER_KEYS),
	REFUSED("an unknown key in a list has its path", A "list:\n- key: ab\n  smal: 1\n",
		"t:4: unknown key 'smal' in list[0]; did you mean 'small'? known are key, "
		"small"),
	REFUSED("an unknown key cannot break the line", A "\"x\\ny\": 1\n",
		"t:2: unknown key 'x?y' in the file; known are " OUTER_KEYS),

	REFUSED("a missing key is named", "byte: 1\n",
		"t:1: string is missing; it has no default"),
	REFUSED("a missing key further down has its path", A "list:\n- key: ab\n- small: 1\n",
		"t:4: list[1].key is missing; it has no default"),
	REFUSED("a missing key in a mapping has the line of it", A "\ninner:\n  small: 1\n",
		"t:3: inner.key is missing; it has no default"),

	REFUSED("a list for a string is refused", "byte: 1\nstring: [a]\n",
		"t:2: string " WANT_SCALAR),
	REFUSED("a mapping for a number is refused", A "byte: {a: 1}\n",
		"t:2: byte " WANT_SCALAR),
	REFUSED("a list for a boolean is refused", A "is_on: [true]\n",
		"t:2: is_on " WANT_SCALAR),
	REFUSED("a list for a choice is refused", A "colour:\n- red\n",
		"t:2: colour " WANT_SCALAR),
	REFUSED("a word for a list is refused", A "list: ab\n", "t:2: list " WANT_LIST),
	REFUSED("a mapping for a list is refused", A "list:\n  key: ab\n",
		"t:2: list " WANT_LIST),
	REFUSED("a word for a set is refused", A "set: one\n", "t:2: set " WANT_LIST),
	REFUSED("a word for a mapping is refused", A "inner: ab\n", "t:2: inner " WANT_KEYS),
	REFUSED("a list for a mapping is refused", A "inner:\n- key: ab\n",
		"t:2: inner " WANT_KEYS),
	REFUSED("a word in a list of mappings is refused", A "list:\n- ab\n",
		"t:3: list[0] " WANT_KEYS),

	REFUSED("a string without a value is refused", "string:\n", "t:1: string " EMPTY),
	REFUSED("a string of null is refused", "string: null\n", "t:1: string " EMPTY),
	REFUSED("a string of ~ is refused", "string: ~\n", "t:1: string " EMPTY),
	REFUSED("an empty string is refused", "string: ''\n", "t:1: string " EMPTY),
	REFUSED("a number without a value is refused", A "byte:\n", "t:2: byte " EMPTY),
	REFUSED("a list without a value is refused", A "list:\n", "t:2: list " EMPTY),
	REFUSED("a mapping without a value is refused", A "inner:\nbyte: 1\n",
		"t:2: inner " EMPTY),
	REFUSED("an entry without a value is refused", A "list:\n-\n", "t:3: list[0] " EMPTY),
	LOADED("a quoted null is a string", "string: \"null\"\n"),

	REFUSED("a string one byte too long is refused", "string: abcdef\n",
		"t:1: string is too long; write at most 5 bytes"),
	LOADED("a string of the greatest length is fine", "string: abcde\n"),
	LOADED("a string just below the greatest length is fine", "string: abcd\n"),
	REFUSED("a string one byte too short is refused", A "inner: {key: a}\n",
		"t:2: inner.key is too short; write at least 2 bytes"),

	REFUSED("yes is no boolean", A "is_on: yes\n",
		"t:2: is_on must be true or false, not 'yes'; write one of the two"),
	REFUSED("True is no boolean", A "is_on: True\n",
		"t:2: is_on must be true or false, not 'True'; write one of the two"),
	REFUSED("1 is no boolean", A "is_on: 1\n",
		"t:2: is_on must be true or false, not '1'; write one of the two"),
	LOADED("false is a boolean", A "is_on: false\n"),

	REFUSED("a fraction is refused", A "byte: 1.5\n",
		"t:2: byte must be a whole number, not '1.5'; write it in decimal digits"),
	REFUSED("an octal number is refused", A "byte: 010\n",
		"t:2: byte must be a whole number, not '010'; write it in decimal digits"),
	REFUSED("a hexadecimal number is refused", A "byte: 0x10\n",
		"t:2: byte must be a whole number, not '0x10'; write it in decimal digits"),
	REFUSED("a plus sign is refused", A "byte: +1\n",
		"t:2: byte must be a whole number, not '+1'; write it in decimal digits"),
	REFUSED("a lone minus is refused", A "number: '-'\n",
		"t:2: number must be a whole number, not '-'; write it in decimal digits"),
	REFUSED("a word for a number is refused", A "byte: many\n",
		"t:2: byte must be a whole number, not 'many'; write it in decimal digits"),
	REFUSED("an empty quoted number is refused", A "byte: ''\n",
		"t:2: byte must be a whole number, not ''; write it in decimal digits"),
	LOADED("254 fits a byte", A "byte: 254\n"),
	REFUSED("256 does not fit a byte", A "byte: 256\n",
		"t:2: byte 256 is out of range; allowed are 0 to 255"),
	REFUSED("a negative number is not unsigned", A "byte: -1\n",
		"t:2: byte -1 is out of range; allowed are 0 to 255"),
	LOADED("0 is a number", A "byte: 0\nnumber: 32767\n"),
	REFUSED("32768 does not fit 16 bits", A "number: 32768\n",
		"t:2: number 32768 is out of range; allowed are -32768 to 32767"),
	REFUSED("-32769 does not fit 16 bits", A "number: -32769\n",
		"t:2: number -32769 is out of range; allowed are -32768 to 32767"),
	REFUSED("a number in a list has its path", A "list:\n- key: ab\n  small: 128\n",
		"t:4: list[0].small 128 is out of range; allowed are -128 to 127"),
	REFUSED("a number beyond 63 bits is refused", A "large: 9223372036854775808\n",
		"t:2: large '9223372036854775808' is not a whole number"),

	REFUSED("an unknown choice is refused", A "colour: rde\n",
		"t:2: unknown word 'rde' in colour; known are red, green"),
	REFUSED("a choice by number is refused", A "colour: 1\n",
		"t:2: unknown word '1' in colour; known are red, green"),
	REFUSED("an unknown word in a set is refused at its line", A "set:\n- one\n- twoo\n",
		"t:4: unknown word 'twoo' in set; did you mean 'two'? known are one, two"),

	REFUSED("too few entries are refused", A "list: []\n",
		"t:2: list has too few entries: 0; write at least 1"),
	LOADED("the greatest number of entries is fine", A "list: [{key: ab}, {key: ab}]\n"),
	REFUSED("too many entries are refused", A "list: [{key: ab}, {key: ab}, {key: ab}]\n",
		"t:2: list has too many entries: 3; write at most 2"),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("yaml", tests, COUNT(tests), NULL, NULL);
}
