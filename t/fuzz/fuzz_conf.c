/* fuzz_conf.c - any bytes are either refused with a place and a reason, or settings that print
 * as YAML which reads back and prints the same.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "conf/conf.h"

#define NAME "fuzz.yaml"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const struct err *err)
{
	if (err->code != ERR_BAD_INPUT || strncmp(err->text, NAME ":", strlen(NAME ":")) != 0 ||
		strchr(err->text, '\n'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_conf struct conf *conf = NULL;
	auto_conf struct conf *again = NULL;
	auto_text struct text printed = TEXT_INIT;
	auto_text struct text reprinted = TEXT_INIT;
	struct err err = ERR_INIT;

	if (conf_parse(NAME, (const char *)data, size, &conf, &err) < 0) {
		check_refusal(&err);
		return 0;
	}
	if (conf_print(conf, &printed, &err) < 0 ||
		conf_parse(NAME, printed.s, printed.len, &again, &err) < 0 ||
		conf_print(again, &reprinted, &err) < 0 || strcmp(printed.s, reprinted.s) != 0)
		abort();
	return 0;
}
