/* schema.c - see schema.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include <cyaml/cyaml.h>

#include "base/name.h"
#include "base/text.h"
#include "conf/dirs.h"
#include "conf/rule.h"
#include "conf/schema.h"
#include "conf/url.h"

#define WORD_MAX      63
#define LISTENERS_MAX 16
#define AUDIENCES_MAX 16
#define ISSUERS_MAX   16 /* read, so that the refusal of a second one can be a kind one */

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define YEAR   (365 * DAY)

/* Free text is quoted when printed, so that a name such as `null` stays a name. */
#define QUOTED CYAML_FLAG_SCALAR_QUOTE_DOUBLE

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const cyaml_strval_t serves_words[] = {
	{ "public", CONF_SERVES_PUBLIC },
	{ "api", CONF_SERVES_API },
	{ "ops", CONF_SERVES_OPS },
};

static const cyaml_schema_field_t issuer_fields[] = {
	CYAML_FIELD_STRING_PTR("name", QUOTED, struct conf_issuer, name, 1, NAME_LABEL_MAX),
	CYAML_FIELD_STRING_PTR("url", QUOTED, struct conf_issuer, url, 1, URL_ISSUER_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t issuer = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct conf_issuer, issuer_fields),
};

#define PATH(key, flags, type, member)                                                         \
	CYAML_FIELD_STRING_PTR(key, QUOTED | (flags), type, member, 1, PATH_MAX - 1)

static const cyaml_schema_field_t tls_fields[] = {
	PATH("certificate", 0, struct conf_tls, certificate),
	PATH("key", 0, struct conf_tls, key),
	PATH("client_ca", CYAML_FLAG_OPTIONAL, struct conf_tls, client_ca),
	PATH("client_crl", CYAML_FLAG_OPTIONAL, struct conf_tls, client_crl),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t listener_fields[] = {
	CYAML_FIELD_STRING_PTR("address", QUOTED | CYAML_FLAG_OPTIONAL, struct conf_listener,
		address, 1, WORD_MAX),
	PATH("socket", CYAML_FLAG_OPTIONAL, struct conf_listener, socket),
	CYAML_FIELD_FLAGS("serves", CYAML_FLAG_STRICT, struct conf_listener, serves,
		serves_words, COUNT(serves_words)),
	CYAML_FIELD_MAPPING_PTR("tls", CYAML_FLAG_OPTIONAL, struct conf_listener, tls,
		tls_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t listener = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct conf_listener, listener_fields),
};

#define WORD(key, type, member)                                                                \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL, type, member, 1, WORD_MAX)
#define NUMBER(key, type, member) CYAML_FIELD_UINT(key, CYAML_FLAG_OPTIONAL, type, member)

static const cyaml_schema_field_t keys_fields[] = {
	WORD("algorithm", struct conf_keys, algorithm),
	NUMBER("rsa_bits", struct conf_keys, rsa_bits),
	WORD("rotation_period", struct conf_keys, rotation_period.text),
	WORD("max_age", struct conf_keys, max_age.text),
	WORD("publication_lag", struct conf_keys, publication_lag.text),
	WORD("clock_skew", struct conf_keys, clock_skew.text),
	WORD("verifier_cache", struct conf_keys, verifier_cache.text),
	WORD("verifier_leeway", struct conf_keys, verifier_leeway.text),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t audience = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER | QUOTED, char, 1, NAME_AUDIENCE_MAX),
};

static const cyaml_schema_field_t tokens_fields[] = {
	WORD("default_lifetime", struct conf_tokens, default_lifetime.text),
	WORD("max_lifetime", struct conf_tokens, max_lifetime.text),
	WORD("backdate", struct conf_tokens, backdate.text),
	CYAML_FIELD_SEQUENCE_COUNT("audiences",
		CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | CYAML_FLAG_FLOW, struct conf_tokens,
		audiences, audience_count, &audience, 0, AUDIENCES_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t limits_fields[] = {
	NUMBER("header_bytes", struct conf_limits, header_bytes),
	NUMBER("body_bytes", struct conf_limits, body_bytes),
	NUMBER("connections", struct conf_limits, connections),
	WORD("idle", struct conf_limits, idle.text),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t conf_fields[] = {
	CYAML_FIELD_SEQUENCE_COUNT("issuers", CYAML_FLAG_POINTER, struct conf, issuers,
		issuer_count, &issuer, 0, ISSUERS_MAX),
	PATH("store", CYAML_FLAG_OPTIONAL, struct conf, store),
	PATH("sealing_key", CYAML_FLAG_OPTIONAL, struct conf, sealing_key),
	CYAML_FIELD_SEQUENCE_COUNT("listeners", CYAML_FLAG_POINTER, struct conf, listeners,
		listener_count, &listener, 0, LISTENERS_MAX),
	CYAML_FIELD_MAPPING("keys", CYAML_FLAG_OPTIONAL, struct conf, keys, keys_fields),
	CYAML_FIELD_MAPPING("tokens", CYAML_FLAG_OPTIONAL, struct conf, tokens, tokens_fields),
	CYAML_FIELD_MAPPING("limits", CYAML_FLAG_OPTIONAL, struct conf, limits, limits_fields),
	WORD("log_level", struct conf, log_level),
	WORD("log_format", struct conf, log_format),
	CYAML_FIELD_END,
};

const struct cyaml_schema_value schema_conf = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct conf, conf_fields),
};

static const struct {
	const char *path;
	size_t offset;
	const char *value;
} strings[] = {
	{ "store", offsetof(struct conf, store), LOCALSTATEDIR "/lib/issuer/issuer.db" },
	{ "sealing_key", offsetof(struct conf, sealing_key), SYSCONFDIR "/issuer/sealing.key" },
	{ "keys.algorithm", offsetof(struct conf, keys.algorithm), "RS256" },
	{ "log_level", offsetof(struct conf, log_level), "info" },
	{ "log_format", offsetof(struct conf, log_format), "logfmt" },
};

static const struct {
	const char *path;
	size_t offset;
	uint32_t min, max, value;
} numbers[] = {
	{ "keys.rsa_bits", offsetof(struct conf, keys.rsa_bits), 2048, 4096, 2048 },
	{ "limits.header_bytes", offsetof(struct conf, limits.header_bytes), 4096, 32768,
		8192 },
	{ "limits.body_bytes", offsetof(struct conf, limits.body_bytes), 1024, 3145728, 65536 },
	{ "limits.connections", offsetof(struct conf, limits.connections), 1, 100000, 1000 },
};

#define KEYS(member)   "keys." #member, offsetof(struct conf, keys.member)
#define TOKENS(member) "tokens." #member, offsetof(struct conf, tokens.member)
#define LIMITS(member) "limits." #member, offsetof(struct conf, limits.member)

static const struct {
	const char *path;
	size_t offset;
	int64_t min_s, max_s;
	const char *value;
} durations[] = {
	{ KEYS(rotation_period), 1, 10 * YEAR, "30d" },
	{ KEYS(max_age), 1, DAY, "5m" },
	{ KEYS(publication_lag), 0, 30 * DAY, "0s" },
	{ KEYS(clock_skew), 0, HOUR, "60s" },
	{ KEYS(verifier_cache), 0, YEAR, "24h" },
	{ KEYS(verifier_leeway), 0, DAY, "5m" },
	{ TOKENS(max_lifetime), CONF_LIFETIME_MIN_S, CONF_LIFETIME_MAX_S, "24h" },
	{ TOKENS(default_lifetime), CONF_LIFETIME_MIN_S, CONF_LIFETIME_MAX_S, "1h" },
	{ TOKENS(backdate), 0, 5 * MINUTE, "30s" },
	{ LIMITS(idle), 1, DAY, "75s" },
};

static void *at(struct conf *conf, size_t offset)
{
	return (char *)conf + offset;
}

static void settle_strings(struct conf *conf)
{
	for (size_t i = 0; i < COUNT(strings); i++)
		rule_default(at(conf, strings[i].offset), strings[i].value);
}

static int settle_numbers(const struct yaml *yaml, struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		uint32_t *value = at(conf, numbers[i].offset);

		if (!yaml_has(yaml, numbers[i].path))
			*value = numbers[i].value;
		if (*value < numbers[i].min || *value > numbers[i].max)
			return yaml_refuse(yaml, numbers[i].path, err,
				"%s %" PRIu32 " is out of range; allowed are %" PRIu32
				" to %" PRIu32,
				numbers[i].path, *value, numbers[i].min, numbers[i].max);
	}
	return 0;
}

static int settle_durations(const struct yaml *yaml, struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < COUNT(durations); i++)
		if (rule_duration(yaml, durations[i].path, durations[i].min_s,
			    durations[i].max_s, durations[i].value,
			    at(conf, durations[i].offset), err) < 0)
			return -1;
	return 0;
}

/* Whoever only lowers the longest lifetime must not have to lower the default one as well. */
static void settle_default_lifetime(const struct yaml *yaml, struct conf_tokens *tokens)
{
	if (yaml_has(yaml, "tokens.default_lifetime") ||
		tokens->default_lifetime.s <= tokens->max_lifetime.s)
		return;
	free(tokens->default_lifetime.text);
	tokens->default_lifetime.text = text_copy(tokens->max_lifetime.text);
	tokens->default_lifetime.s = tokens->max_lifetime.s;
}

int schema_settle(const struct yaml *yaml, struct conf *conf, struct err *err)
{
	settle_strings(conf);
	if (settle_numbers(yaml, conf, err) < 0 || settle_durations(yaml, conf, err) < 0)
		return -1;
	settle_default_lifetime(yaml, &conf->tokens);
	return 0;
}
