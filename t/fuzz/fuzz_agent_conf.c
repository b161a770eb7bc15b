/* fuzz_agent_conf.c - a configuration of the agent that is accepted prints, and reads back the
 * same. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "conf/agent_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_agent_conf struct agent_conf *conf = NULL;
	auto_agent_conf struct agent_conf *again = NULL;
	auto_text struct text first = TEXT_INIT, second = TEXT_INIT;
	struct err err = ERR_INIT;

	if (agent_conf_parse("/fuzz", (const char *)data, size, &conf, &err) < 0)
		return 0;
	if (agent_conf_print(conf, &first, &err) < 0 ||
		agent_conf_parse("/fuzz", first.s, first.len, &again, &err) < 0 ||
		agent_conf_print(again, &second, &err) < 0 || strcmp(first.s, second.s) != 0)
		abort();
	return 0;
}
