/* test_conf.c - the settings: defaults, ranges one below, at and above each limit, every
 * refusal with its line, paths, and that what is printed reads back. SPDX-License-Identifier:
 * Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/conf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Lines 1 to 3, 4 to 6; what a test adds begins in line 7. */
#define ISSUERS                                                                                \
	"issuers:\n"                                                                           \
	"- name: main\n"                                                                       \
	"  url: https://oidc.example.org\n"
#define LISTENERS                                                                              \
	"listeners:\n"                                                                         \
	"- address: 127.0.0.1:0\n"                                                             \
	"  serves: [public, api]\n"
#define BASE ISSUERS LISTENERS

/* A file's text, and how its refusal begins (NULL: it is accepted). */
struct sample {
	const char *yaml;
	const char *text;
};

static void is_refused(void **state)
{
	const struct sample *sample = *state;
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(conf_parse("t", sample->yaml, strlen(sample->yaml), &conf, &err), -1);
	if (strncmp(err.text, sample->text, strlen(sample->text)) != 0)
		fail_msg("'%s' does not begin with '%s'", err.text, sample->text);
	assert_int_equal(err.code, ERR_BAD_INPUT);
	assert_null(conf);
}

static struct conf *parse(const char *name, const char *yaml)
{
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	if (conf_parse(name, yaml, strlen(yaml), &conf, &err) < 0)
		fail_msg("%s", err.text);
	return conf;
}

/* Also, what is printed reads back, and prints the same. */
static void is_accepted(void **state)
{
	const struct sample *sample = *state;
	auto_conf struct conf *conf = parse("t", sample->yaml);
	auto_conf struct conf *again = NULL;
	auto_text struct text first = TEXT_INIT, second = TEXT_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(conf_print(conf, &first, &err), 0);
	again = parse("elsewhere/t", first.s);
	assert_int_equal(conf_print(again, &second, &err), 0);
	assert_string_equal(first.s, second.s);
}

static void is_duration(const struct conf_duration *d, const char *text, int64_t s)
{
	assert_string_equal(d->text, text);
	assert_int_equal(d->s, s);
}

static void has_default_keys(const struct conf_keys *k)
{
	assert_string_equal(k->algorithm, "RS256");
	assert_int_equal(k->rsa_bits, 2048);
	is_duration(&k->rotation_period, "30d", 2592000);
	is_duration(&k->max_age, "5m", 300);
	is_duration(&k->publication_lag, "0s", 0);
	is_duration(&k->clock_skew, "60s", 60);
	is_duration(&k->verifier_cache, "24h", 86400);
	is_duration(&k->verifier_leeway, "5m", 300);
}

static void has_defaults(const struct conf *conf)
{
	has_default_keys(&conf->keys);
	is_duration(&conf->tokens.default_lifetime, "1h", 3600);
	is_duration(&conf->tokens.max_lifetime, "24h", 86400);
	is_duration(&conf->tokens.backdate, "30s", 30);
	assert_int_equal(conf->tokens.audience_count, 0);
	assert_int_equal(conf->limits.header_bytes, 8192);
	assert_int_equal(conf->limits.body_bytes, 65536);
	assert_int_equal(conf->limits.connections, 1000);
	is_duration(&conf->limits.idle, "75s", 75);
	assert_string_equal(conf->log_level, "info");
	assert_string_equal(conf->log_format, "logfmt");
	assert_non_null(strstr(conf->store, "/lib/issuer/issuer.db"));
	assert_non_null(strstr(conf->sealing_key, "/issuer/sealing.key"));
}

static void what_is_left_out_has_its_default(void **state)
{
	auto_conf struct conf *conf = parse("t", BASE);

	(void)state;
	has_defaults(conf);
	assert_string_equal(conf->path, "t");
	assert_int_equal(conf->issuer_count, 1);
	assert_string_equal(conf->issuers[0].name, "main");
	assert_string_equal(conf->issuers[0].url, "https://oidc.example.org");
	assert_int_equal(conf->listener_count, 1);
	assert_string_equal(conf->listeners[0].address, "127.0.0.1:0");
	assert_int_equal(conf->listeners[0].serves, CONF_SERVES_PUBLIC | CONF_SERVES_API);
	assert_null(conf->listeners[0].socket);
	assert_null(conf->listeners[0].tls);
}

static void the_shipped_sample_has_the_defaults(void **state)
{
	const char *srcdir = getenv("SRCDIR");
	auto_free char *path = text_format("%s/conf/issuerd.yaml", srcdir ? srcdir : ".");
	auto_conf struct conf *conf = NULL;
	struct err err = ERR_INIT;

	(void)state;
	if (conf_load(path, &conf, &err) < 0)
		fail_msg("%s", err.text);
	has_defaults(conf);
	assert_int_equal(conf->listener_count, 3);
	assert_string_equal(conf->listeners[0].tls->key, "/etc/issuer/tls.key");
	assert_string_equal(conf->listeners[1].socket, "/run/issuer/api.sock");
	assert_int_equal(conf->listeners[2].serves, CONF_SERVES_OPS);
}

static void what_is_written_is_in_force(void **state)
{
	auto_conf struct conf *conf = parse("t",
		BASE
		"store: /a/b.db\nsealing_key: /c\nlog_level: debug\n"
		"keys: {algorithm: ES256, rsa_bits: 3072, rotation_period: 1w, max_age: 1s,\n"
		"  publication_lag: 2s, clock_skew: 3s, verifier_cache: 4s, verifier_leeway: "
		"5s}\n"
		"tokens: {default_lifetime: 1200, max_lifetime: 2h, backdate: 0s, audiences: "
		"[a, b]}\n"
		"limits: {header_bytes: 4096, body_bytes: 2048, connections: 7, idle: 1m}\n");

	(void)state;
	assert_string_equal(conf->store, "/a/b.db");
	assert_string_equal(conf->sealing_key, "/c");
	assert_string_equal(conf->log_level, "debug");
	assert_string_equal(conf->keys.algorithm, "ES256");
	assert_int_equal(conf->keys.rsa_bits, 3072);
	is_duration(&conf->keys.rotation_period, "1w", 604800);
	is_duration(&conf->keys.verifier_leeway, "5s", 5);
	is_duration(&conf->tokens.default_lifetime, "1200", 1200);
	assert_int_equal(conf->tokens.audience_count, 2);
	assert_string_equal(conf->tokens.audiences[1], "b");
	assert_int_equal(conf->limits.header_bytes, 4096);
	assert_int_equal(conf->limits.body_bytes, 2048);
	assert_int_equal(conf->limits.connections, 7);
	is_duration(&conf->limits.idle, "1m", 60);
}

static void the_default_lifetime_yields_to_a_shorter_longest_one(void **state)
{
	auto_conf struct conf *conf = parse("t", BASE "tokens: {max_lifetime: 15m}\n");

	(void)state;
	is_duration(&conf->tokens.default_lifetime, "15m", 900);
}

static const char relative[] =
	ISSUERS "listeners:\n"
		"- socket: api.sock\n  serves: [public, api]\n"
		"- address: :1\n  serves: [ops]\n  tls: {certificate: tls/crt, key: /k}\n"
		"store: db\nsealing_key: ./key\n";

static void relative_paths_start_at_the_files_directory(void **state)
{
	auto_conf struct conf *conf = parse("/srv/x/issuerd.yaml", relative);

	(void)state;
	assert_string_equal(conf->store, "/srv/x/db");
	assert_string_equal(conf->sealing_key, "/srv/x/./key");
	assert_string_equal(conf->listeners[0].socket, "/srv/x/api.sock");
	assert_string_equal(conf->listeners[1].tls->certificate, "/srv/x/tls/crt");
	assert_string_equal(conf->listeners[1].tls->key, "/k");
}

static void relative_paths_start_at_the_root_for_a_file_there(void **state)
{
	auto_conf struct conf *conf = parse("/issuerd.yaml", relative);

	(void)state;
	assert_string_equal(conf->store, "/db");
}

static void a_relative_file_is_in_the_working_directory(void **state)
{
	auto_free char *cwd = getcwd(NULL, 0);
	auto_free char *here = text_format("%s/db", cwd);
	auto_free char *below = text_format("%s/a/b/db", cwd);
	auto_conf struct conf *conf = parse("t", BASE "store: db\n");
	auto_conf struct conf *deeper = parse("a/b/t", BASE "store: db\n");

	(void)state;
	assert_string_equal(conf->store, here);
	assert_string_equal(deeper->store, below);
}

static void a_missing_file_is_not_found(void **state)
{
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(conf_load("/nonexistent/issuerd.yaml", &conf, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void the_file_is_the_given_one_then_the_environments_then_the_installed(void **state)
{
	(void)state;
	(void)setenv("ISSUERD_CONFIG", "/b", 1);
	assert_string_equal(conf_path("/a"), "/a");
	assert_string_equal(conf_path(NULL), "/b");
	(void)setenv("ISSUERD_CONFIG", "", 1);
	assert_non_null(strstr(conf_path(NULL), "/issuer/issuerd.yaml"));
	(void)unsetenv("ISSUERD_CONFIG");
	assert_non_null(strstr(conf_path(NULL), "/issuer/issuerd.yaml"));
}

static void nothing_can_be_freed(void **state)
{
	(void)state;
	conf_free(NULL);
}

static void is_address(const char *address, const char *host, uint16_t port)
{
	char ret_host[CONF_HOST_SIZE];
	uint16_t ret_port;
	struct err err = ERR_INIT;

	if (conf_address_split(address, ret_host, sizeof(ret_host), &ret_port, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(ret_host, host);
	assert_int_equal(ret_port, port);
}

static void addresses_are_split_into_numeric_host_and_port(void **state)
{
	(void)state;
	is_address("127.0.0.1:8443", "127.0.0.1", 8443);
	is_address("[::1]:1", "::1", 1);
	is_address("[0:0::0001]:65535", "::1", 65535);
	is_address(":0", "", 0);
	is_address("localhost:80", "127.0.0.1", 80);
	is_address("[fe80:1111:2222:3333:4444:5555:6666:7777]:65534",
		"fe80:1111:2222:3333:4444:5555:6666:7777", 65534);
}

static void bad_addresses_are_refused_and_leave_the_outputs_alone(void **state)
{
	static const char *const bad[] = { "", ":", "127.0.0.1", "127.0.0.1:", "8443", "::1",
		"::1:80", "[::1]", "[::1:80", "::1]:80", "[]:80", "[127.0.0.1]:80", "host:80",
		"1.2.3:80", "1.2.3.256:80", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
		"127.0.0.1: 1", "127.0.0.1:1a", " 127.0.0.1:1", "[fe80::1%lo]:1", "[:80",
		"]:80", "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]:1" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char host[CONF_HOST_SIZE] = "untouched";
		uint16_t port = 7;
		struct err err = ERR_INIT;

		if (conf_address_split(bad[i], host, sizeof(host), &port, &err) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(err.code, ERR_BAD_INPUT);
		assert_string_equal(host, "untouched");
		assert_int_equal(port, 7);
	}
}

static void a_host_that_does_not_fit_is_refused(void **state)
{
	char host[10] = "";
	uint16_t port = 7;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(conf_address_split("127.0.0.1:1", host, 9, &port, &err), -1);
	assert_int_equal(port, 7);
	assert_int_equal(conf_address_split("127.0.0.1:1", host, 10, &port, &err), 0);
}

/* 'https://' + letters + '.example.org' + segments, `len` characters in all. */
static int parse_url_of_length(size_t len, struct err *err)
{
	auto_text struct text yaml = TEXT_INIT;
	auto_conf struct conf *conf = NULL;

	text_add(&yaml, "issuers:\n- name: main\n  url: https://oidc.example.org/");
	for (size_t i = strlen("https://oidc.example.org/"); i < len; i++)
		text_add(&yaml, "a");
	text_add(&yaml, "\n" LISTENERS);
	return conf_parse("t", yaml.s, yaml.len, &conf, err);
}

static void a_url_over_255_characters_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse_url_of_length(254, &err), 0);
	assert_int_equal(parse_url_of_length(255, &err), 0);
	assert_int_equal(parse_url_of_length(256, &err), -1);
	assert_string_equal(err.text,
		"t:3: issuers[0].url is too long; write at most 255 bytes");
}

static int parse_socket_of_length(size_t len, struct err *err)
{
	auto_text struct text yaml = TEXT_INIT;
	auto_conf struct conf *conf = NULL;

	text_add(&yaml, ISSUERS "listeners:\n- serves: [public, api]\n  socket: /");
	for (size_t i = 1; i < len; i++)
		text_add(&yaml, "s");
	text_add(&yaml, "\n");
	return conf_parse("t", yaml.s, yaml.len, &conf, err);
}

static void a_socket_path_over_107_bytes_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse_socket_of_length(106, &err), 0);
	assert_int_equal(parse_socket_of_length(107, &err), 0);
	assert_int_equal(parse_socket_of_length(108, &err), -1);
	assert_non_null(strstr(err.text, "t:6: listeners[0].socket '/sss"));
	assert_non_null(strstr(err.text,
		"has 108 bytes, at most 107 are allowed; choose a shorter"));
}

static void a_path_that_grows_too_long_is_refused(void **state)
{
	auto_text struct text yaml = TEXT_INIT;
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	(void)state;
	text_add(&yaml, BASE "store: ");
	for (size_t i = 0; i < 4090; i++)
		text_add(&yaml, "s");
	assert_int_equal(conf_parse("/directory/t", yaml.s, yaml.len, &conf, &err), -1);
	assert_string_equal(err.text,
		"/directory/t:7: store is too long together with its "
		"directory; choose a path below 4096 bytes");
}

static void more_than_16_audiences_are_refused(void **state)
{
	auto_text struct text yaml = TEXT_INIT;
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	(void)state;
	text_add(&yaml, BASE "tokens:\n  audiences:\n");
	for (size_t i = 0; i < 16; i++)
		text_add(&yaml, "  - a\n");
	conf_free(parse("t", yaml.s));
	text_add(&yaml, "  - a\n");
	assert_int_equal(conf_parse("t", yaml.s, yaml.len, &conf, &err), -1);
	assert_string_equal(err.text,
		"t:8: tokens.audiences has too many entries: 17; write at most 16");
}

static void the_refused_rotation_shows_its_numbers(void **state)
{
	static const char yaml[] = BASE "keys: {rotation_period: 12h}\n";
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(conf_parse("t", yaml, strlen(yaml), &conf, &err), -1);
	assert_string_equal(err.text,
		"t:7: keys.rotation_period 12h is shorter than 1d1m: a new key is published 1d "
		"before it signs (the longer of verifier_cache 1d and max_age 5m + "
		"publication_lag 0s + clock_skew 1m), and clock_skew 1m comes on top; raise "
		"keys.rotation_period to 1d1m or more, or lower keys.verifier_cache");
}

#define REFUSED(name, yaml, text)                                                              \
	{                                                                                      \
		name, is_refused, NULL, NULL, &(struct sample)                                 \
		{                                                                              \
			yaml, text                                                             \
		}                                                                              \
	}
#define ACCEPTED(name, yaml)                                                                   \
	{                                                                                      \
		name, is_accepted, NULL, NULL, &(struct sample)                                \
		{                                                                              \
			yaml, NULL                                                             \
		}                                                                              \
	}

#define NAME(name)        "issuers:\n- name: " name "\n  url: https://oidc.example.org\n" LISTENERS
#define URL(url)          "issuers:\n- name: main\n  url: " url "\n" LISTENERS
#define LISTEN(listeners) ISSUERS "listeners:\n" listeners
#define PUBLIC            "- {address: '127.0.0.1:0', serves: [public]}\n" /* line 5 */

#define L63  "a23456789012345678901234567890123456789012345678901234567890123"
#define A255 L63 L63 L63 L63 "aaa"

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_left_out_has_its_default),
	cmocka_unit_test(the_shipped_sample_has_the_defaults),
	cmocka_unit_test(what_is_written_is_in_force),
	cmocka_unit_test(the_default_lifetime_yields_to_a_shorter_longest_one),
	cmocka_unit_test(relative_paths_start_at_the_files_directory),
	cmocka_unit_test(relative_paths_start_at_the_root_for_a_file_there),
	cmocka_unit_test(a_relative_file_is_in_the_working_directory),
	cmocka_unit_test(a_missing_file_is_not_found),
	cmocka_unit_test(the_file_is_the_given_one_then_the_environments_then_the_installed),
	cmocka_unit_test(nothing_can_be_freed),
	cmocka_unit_test(addresses_are_split_into_numeric_host_and_port),
	cmocka_unit_test(bad_addresses_are_refused_and_leave_the_outputs_alone),
	cmocka_unit_test(a_host_that_does_not_fit_is_refused),
	cmocka_unit_test(a_url_over_255_characters_is_refused),
	cmocka_unit_test(a_socket_path_over_107_bytes_is_refused),
	cmocka_unit_test(a_path_that_grows_too_long_is_refused),
	cmocka_unit_test(more_than_16_audiences_are_refused),
	cmocka_unit_test(the_refused_rotation_shows_its_numbers),

	/* the file as a whole */
	ACCEPTED("the smallest file is fine", BASE),
	REFUSED("an empty file is refused", "", "t:1: the file is empty; "),
	REFUSED("a file without issuers is refused", LISTENERS, "t:1: issuers is missing"),
	REFUSED("a file without listeners is refused", ISSUERS, "t:1: listeners is missing"),
	REFUSED("an unknown key is refused", BASE "\nstores: a\n",
		"t:8: unknown key 'stores' in the file; did you mean 'store'? known are "
		"issuers, store, sealing_key, listeners, keys, tokens, limits, log_level, log_format"),
	REFUSED("a key with a dash is refused", BASE "sealing-key: a\n",
		"t:7: unknown key 'sealing-key' in the file; did you mean 'sealing_key'? "),
	REFUSED("an unknown key of a section is refused",
		BASE "keys:\n  max_age: 1s\n  rsabits: 1\n",
		"t:9: unknown key 'rsabits' in keys; did you mean 'rsa_bits'? "),
	REFUSED("the number inside a duration is no setting", BASE "keys: {max_age: {s: 1}}\n",
		"t:7: keys.max_age must be a single value; "),
	REFUSED("an empty section is refused", BASE "keys:\n", "t:7: keys is empty; "),

	/* issuers */
	REFUSED("an empty list of issuers is refused", "issuers: []\n" LISTENERS,
		"t:1: issuers has 0 entries; write exactly one"),
	REFUSED("a second issuer is refused",
		ISSUERS "- name: b\n  url: https://b.example.org\n" LISTENERS,
		"t:4: issuers has 2 entries; write exactly one"),
	REFUSED("an issuer without a name is refused", "issuers:\n- url: https://a\n" LISTENERS,
		"t:2: issuers[0].name is missing; "),
	REFUSED("an issuer without a url is refused", "issuers:\n- name: a\n" LISTENERS,
		"t:2: issuers[0].url is missing; "),
	ACCEPTED("an issuer's name may have 63 characters", NAME(L63)),
	REFUSED("an issuer's name of 64 characters is refused", NAME(L63 "a"),
		"t:2: issuers[0].name is too long; "),
	ACCEPTED("an issuer's name may be a quoted null", NAME("'null'")),
	ACCEPTED("an issuer's name may look like a number", NAME("1")),
	REFUSED("capitals in an issuer's name are refused", NAME("Main"),
		"t:2: issuers[0].name: name 'Main' is not allowed; "),
	REFUSED("a dot in an issuer's name is refused", NAME("a.b"),
		"t:2: issuers[0].name: name 'a.b' is not allowed; "),
	REFUSED("a dash at the end of an issuer's name is refused", NAME("a-"),
		"t:2: issuers[0].name: name 'a-' must start and end with"),

	/* the issuer's URL */
	ACCEPTED("a url may have a path", URL("https://oidc.example.org/id/A-1._~z")),
	ACCEPTED("a url may have a port", URL("https://oidc.example.org:8443/x")),
	ACCEPTED("a url's host may be an address", URL("https://192.0.2.1")),
	ACCEPTED("a url's host may be an IPv6 address", URL("https://[2001:db8::1]")),
	ACCEPTED("a url's host may be an IPv6 address with a port",
		URL("https://[2001:db8::1]:444/x")),
	ACCEPTED("a url's host may be a single label", URL("https://localhost")),
	ACCEPTED("a url's port may be 65535", URL("https://a:65535")),
	REFUSED("a url's port 65536 is refused", URL("https://a:65536"),
		"t:3: issuers[0].url: '65536' is not a port; "),
	REFUSED("a url's port 0 is refused", URL("https://a:0"),
		"t:3: issuers[0].url: '0' is not a port; "),
	REFUSED("a url's port with a leading zero is refused", URL("https://a:0443"),
		"t:3: issuers[0].url: '0443' is not a port; "),
	REFUSED("a url's empty port is refused", URL("'https://a:'"),
		"t:3: issuers[0].url: '' is not a port; "),
	REFUSED("http is refused", URL("http://a"),
		"t:3: issuers[0].url: 'http://a' is not an https URL; "),
	REFUSED("a scheme in capitals is refused", URL("HTTPS://a"),
		"t:3: issuers[0].url: 'HTTPS://a' is not an https URL; "),
	REFUSED("a url without a scheme is refused", URL("oidc.example.org"),
		"t:3: issuers[0].url: 'oidc.example.org' is not an https URL; "),
	REFUSED("a url without a host is refused", URL("https://"),
		"t:3: issuers[0].url: the URL has no host; "),
	REFUSED("a url with a path alone is refused", URL("https:///a"),
		"t:3: issuers[0].url: the URL has no host; "),
	REFUSED("a url with a port alone is refused", URL("https://:443"),
		"t:3: issuers[0].url: the URL has no host; "),
	REFUSED("a url with a user is refused", URL("https://u@a"),
		"t:3: issuers[0].url: the URL has a user name; "),
	REFUSED("a url with user and password is refused", URL("https://u:p@a"),
		"t:3: issuers[0].url: the URL has a user name; "),
	REFUSED("a url with a query is refused", URL("https://a/b?c"),
		"t:3: issuers[0].url: 'https://a/b?c' has a query; "),
	REFUSED("a url with an empty query is refused", URL("'https://a?'"),
		"t:3: issuers[0].url: 'https://a?' has a query; "),
	REFUSED("a url with a fragment is refused", URL("https://a/b#c"),
		"t:3: issuers[0].url: 'https://a/b#c' has a fragment; "),
	REFUSED("a url with a trailing slash is refused", URL("https://a/"),
		"t:3: issuers[0].url: 'https://a/' ends with a slash; "),
	REFUSED("a url with a trailing slash in its path is refused", URL("https://a/b/"),
		"t:3: issuers[0].url: 'https://a/b/' ends with a slash; "),
	REFUSED("a url with a double slash is refused", URL("https://a//b"),
		"t:3: issuers[0].url: the path has an empty segment; "),
	REFUSED("a url with a dot segment is refused", URL("https://a/./b"),
		"t:3: issuers[0].url: the path has a '.' or '..' segment; "),
	REFUSED("a url with two dots is refused", URL("https://a/b/.."),
		"t:3: issuers[0].url: the path has a '.' or '..' segment; "),
	ACCEPTED("three dots are a name like any other", URL("https://a/...")),
	REFUSED("a url with an escape is refused", URL("https://a/%41"),
		"t:3: issuers[0].url: the path segment '%41' is not plain; "),
	REFUSED("a url with a quote is refused", URL("\"https://a/b'c\""),
		"t:3: issuers[0].url: the path segment 'b'c' is not plain; "),
	REFUSED("a url with a blank is refused", URL("https://a/b c"),
		"t:3: issuers[0].url: the URL holds a blank or "),
	REFUSED("a url beyond ASCII is refused", URL("https://\xc3\xa4.example"),
		"t:3: issuers[0].url: the URL holds a blank or "),
	REFUSED("a url with a line break is refused", URL("\"https://a\\nb\""),
		"t:3: issuers[0].url: the URL holds a blank or "),
	REFUSED("a host in capitals is refused", URL("https://Oidc.example.org"),
		"t:3: issuers[0].url: the host 'Oidc.example.org' has capital letters"),
	REFUSED("a host with an underscore is refused", URL("https://a_b"),
		"t:3: issuers[0].url: host 'a_b' is not allowed; "),
	REFUSED("a host with a trailing dot is refused", URL("https://a."),
		"t:3: issuers[0].url: host 'a.' must start and end with"),
	REFUSED("a bad IPv6 host is refused", URL("https://[::g]"),
		"t:3: issuers[0].url: '[::g]' is not an IPv6 address; "),
	REFUSED("an empty IPv6 host is refused", URL("https://[]"),
		"t:3: issuers[0].url: '[]' is not an IPv6 address; "),
	REFUSED("an open IPv6 host is refused", URL("https://[2001:db8::1"),
		"t:3: issuers[0].url: '[2001:db8:' is not an IPv6 address; "),
	REFUSED("an IPv6 host with something behind it is refused", URL("https://[::1]a"),
		"t:3: issuers[0].url: '[::1]a' is not an IPv6 address; "),

	/* listeners */
	REFUSED("an empty list of listeners is refused", LISTEN("  []\n"),
		"t:4: no listener serves public"),
	REFUSED("a listener without a place is refused", LISTEN(PUBLIC "- serves: [api]\n"),
		"t:6: listeners[1] has neither address nor socket; "),
	REFUSED("a listener with two places is refused",
		LISTEN(PUBLIC "- address: :1\n  serves: [ops]\n  socket: /s\n"),
		"t:8: listeners[1] has both address and socket; "),
	REFUSED("a listener that serves nothing is refused",
		LISTEN(PUBLIC "- address: :1\n  serves: []\n"),
		"t:7: listeners[1].serves is empty; "),
	REFUSED("a listener without serves is refused", LISTEN(PUBLIC "- address: :1\n"),
		"t:6: listeners[1].serves is missing; "),
	REFUSED("an unknown service is refused",
		LISTEN(PUBLIC "- address: :1\n  serves: [op]\n"),
		"t:7: unknown word 'op' in listeners[1].serves; did you mean 'ops'? known are "
		"public, api, ops"),
	REFUSED("a service as a word is refused",
		LISTEN(PUBLIC "- address: :1\n  serves: ops\n"),
		"t:7: listeners[1].serves must be a list; "),
	REFUSED("an address without a port is refused",
		LISTEN("- serves: [public, api]\n  address: 127.0.0.1\n"),
		"t:6: listeners[0].address: '127.0.0.1' does not end in a port; "),
	REFUSED("an address by name is refused",
		LISTEN("- serves: [public, api]\n  address: a.example:1\n"),
		"t:6: listeners[0].address: 'a.example' is not a numeric host; "),
	REFUSED("no listener for public is refused",
		LISTEN("- {socket: /s, serves: [api, ops]}\n"),
		"t:4: no listener serves public"),
	REFUSED("no listener for api is refused", LISTEN(PUBLIC),
		"t:4: no listener serves api"),
	REFUSED("a second listener at an address is refused",
		LISTEN("- {address: '127.0.0.1:1', serves: [public]}\n"
		       "- serves: [api]\n  address: localhost:1\n"),
		"t:7: listeners[1].address 'localhost:1' is that of listeners[0] already; "),
	REFUSED("a second listener at a socket is refused",
		LISTEN(PUBLIC "- {socket: /s, serves: [ops]}\n- serves: [api]\n  socket: /s\n"),
		"t:8: listeners[2].socket '/s' is that of listeners[1] already; "),
	ACCEPTED("two listeners on any free port are fine",
		LISTEN(PUBLIC "- {address: '127.0.0.1:0', serves: [api]}\n")),
	ACCEPTED("two listeners on one port of different hosts are fine",
		LISTEN("- {address: '127.0.0.1:1', serves: [public]}\n"
		       "- {address: '127.0.0.2:1', serves: [api]}\n")),
	REFUSED("the api in clear on all addresses is refused",
		LISTEN(PUBLIC "- serves: [api]\n  address: :1\n"),
		"t:7: listeners[1].address ':1' serves the api without tls beyond this host, "
		"so its bearer secrets would travel in clear; add tls, or use 127.0.0.1 or a "
		"socket"),
	REFUSED("the api in clear on 0.0.0.0 is refused",
		LISTEN(PUBLIC "- serves: [ops, api]\n  address: 0.0.0.0:1\n"),
		"t:7: listeners[1].address '0.0.0.0:1' serves the api without tls"),
	REFUSED("the api in clear on an IPv6 address is refused",
		LISTEN(PUBLIC "- serves: [api]\n  address: '[2001:db8::1]:1'\n"),
		"t:7: listeners[1].address '[2001:db8::1]:1' serves the api without tls"),
	REFUSED("the api in clear on an address next to loopback is refused",
		LISTEN(PUBLIC "- serves: [api]\n  address: 128.0.0.1:1\n"), "t:7: "),
	ACCEPTED("the api in clear on ::1 is fine",
		LISTEN(PUBLIC "- {address: '[::1]:1', serves: [api]}\n")),
	ACCEPTED("the api in clear on localhost is fine",
		LISTEN(PUBLIC "- {address: 'localhost:1', serves: [api]}\n")),
	ACCEPTED("the api in clear on 127.255.255.254 is fine",
		LISTEN(PUBLIC "- {address: '127.255.255.254:1', serves: [api]}\n")),
	ACCEPTED("the public documents in clear are fine",
		LISTEN("- {address: ':80', serves: [public, ops]}\n- {socket: /s, serves: "
		       "[api]}\n")),
	ACCEPTED("the api with tls is fine everywhere",
		LISTEN(PUBLIC
			"- {address: ':1', serves: [api], tls: {certificate: c, key: k}}\n")),
	REFUSED("tls on a socket is refused",
		LISTEN(PUBLIC
			"- serves: [api]\n  tls: {certificate: c, key: k}\n  socket: /s\n"),
		"t:8: listeners[1].socket has tls on a socket"),
	REFUSED("tls without a key is refused",
		LISTEN(PUBLIC "- address: :1\n  serves: [api]\n  tls:\n    certificate: c\n"),
		"t:8: listeners[1].tls.key is missing; "),
	REFUSED("tls without a certificate is refused",
		LISTEN(PUBLIC "- address: :1\n  serves: [api]\n  tls: {key: k}\n"),
		"t:8: listeners[1].tls.certificate is missing; "),
	REFUSED("a line break in a tls path is refused",
		LISTEN(PUBLIC "- address: :1\n  serves: [api]\n  tls:\n    certificate: c\n    "
			      "key: \"a\\nb\"\n"),
		"t:10: listeners[1].tls.key holds a line break"),
	REFUSED("a line break in a tls certificate's path is refused",
		LISTEN(PUBLIC "- address: :1\n  serves: [api]\n  tls:\n    certificate: "
			      "\"\\e\"\n    key: k\n"),
		"t:9: listeners[1].tls.certificate holds a line break"),
	REFUSED("a line break in a socket's path is refused",
		LISTEN(PUBLIC "- serves: [api]\n  socket: \"/a\\nb\"\n"),
		"t:7: listeners[1].socket holds a line break"),

	/* files */
	REFUSED("an empty store is refused", BASE "store:\n", "t:7: store is empty; "),
	REFUSED("a line break in a path is refused", BASE "\nstore: \"a\\nb\"\n",
		"t:8: store holds a line break"),
	REFUSED("a control character in a path is refused", BASE "sealing_key: \"a\\x7f\"\n",
		"t:7: sealing_key holds a line break or another control character"),
	REFUSED("one file for store and sealing key is refused",
		BASE "store: a\nsealing_key: a\n",
		"t:8: store and sealing_key are the same file "),
	ACCEPTED("paths may hold blanks and letters beyond ASCII",
		BASE "store: ' a \xc3\xa4: #'\n"),

	/* words */
	REFUSED("an unknown log level is refused", BASE "log_level: warning\n",
		"t:7: unknown word 'warning' in log_level; known are debug, info, warn, error"),
	REFUSED("a log level in capitals is refused", BASE "log_level: Info\n",
		"t:7: unknown word 'Info' in log_level; did you mean 'info'? "),
	REFUSED("an unknown log format is refused", BASE "log_format: xml\n",
		"t:7: unknown word 'xml' in log_format; known are logfmt, json"),
	ACCEPTED("the log format may be json", BASE "log_format: json\n"),
	ACCEPTED("the log level may be warn", BASE "log_level: warn\n"),
	ACCEPTED("the log level may be error", BASE "log_level: error\n"),
	REFUSED("an unknown algorithm is refused", BASE "keys:\n  algorithm: HS256\n",
		"t:8: unknown word 'HS256' in keys.algorithm; did you mean 'RS256'? known are "
		"RS256, ES256"),
	REFUSED("no algorithm is no algorithm", BASE "keys: {algorithm: none}\n",
		"t:7: unknown word 'none' in keys.algorithm; known are RS256, ES256"),

	/* numbers */
	REFUSED("2047 bits are refused", BASE "keys:\n  rsa_bits: 2047\n",
		"t:8: keys.rsa_bits 2047 is out of range; allowed are 2048 to 4096"),
	REFUSED("2049 bits are refused", BASE "keys: {rsa_bits: 2049}\n",
		"t:7: keys.rsa_bits 2049 is not a key size in use; write 2048, 3072 or 4096"),
	ACCEPTED("4096 bits are fine", BASE "keys: {rsa_bits: 4096}\n"),
	REFUSED("4097 bits are refused", BASE "keys: {rsa_bits: 4097}\n",
		"t:7: keys.rsa_bits 4097 is out of range; "),
	REFUSED("0 bits are not the default", BASE "keys: {rsa_bits: 0}\n",
		"t:7: keys.rsa_bits 0 is out of range; "),
	REFUSED("a head of 4095 bytes is refused", BASE "limits: {header_bytes: 4095}\n",
		"t:7: limits.header_bytes 4095 is out of range; allowed are 4096 to 32768"),
	ACCEPTED("a head of 4096 bytes is fine", BASE "limits: {header_bytes: 4096}\n"),
	ACCEPTED("a head of 32768 bytes is fine", BASE "limits: {header_bytes: 32768}\n"),
	REFUSED("a head of 32769 bytes is refused", BASE "limits: {header_bytes: 32769}\n",
		"t:7: limits.header_bytes 32769 is out of range; "),
	REFUSED("a body of 1023 bytes is refused", BASE "limits: {body_bytes: 1023}\n",
		"t:7: limits.body_bytes 1023 is out of range; allowed are 1024 to 3145728"),
	ACCEPTED("a body of 1024 bytes is fine", BASE "limits: {body_bytes: 1024}\n"),
	ACCEPTED("a body of 3 MiB is fine", BASE "limits: {body_bytes: 3145728}\n"),
	REFUSED("a body of 3 MiB and a byte is refused", BASE "limits: {body_bytes: 3145729}\n",
		"t:7: limits.body_bytes 3145729 is out of range; "),
	REFUSED("no connections are refused", BASE "limits: {connections: 0}\n",
		"t:7: limits.connections 0 is out of range; allowed are 1 to 100000"),
	ACCEPTED("one connection is fine", BASE "limits: {connections: 1}\n"),
	ACCEPTED("100000 connections are fine", BASE "limits: {connections: 100000}\n"),
	REFUSED("100001 connections are refused", BASE "limits: {connections: 100001}\n",
		"t:7: limits.connections 100001 is out of range; "),
	REFUSED("a negative number is refused", BASE "limits: {connections: -1}\n",
		"t:7: limits.connections -1 is out of range; "),
	REFUSED("a number with a unit is refused", BASE "limits: {body_bytes: 64k}\n",
		"t:7: limits.body_bytes must be a whole number, not '64k'; "),

	/* durations */
	REFUSED("a word for a duration is refused", BASE "keys:\n  max_age: soon\n",
		"t:8: keys.max_age: 'soon' is not a duration; "),
	REFUSED("a duration without a value is refused", BASE "keys:\n  max_age:\n",
		"t:8: keys.max_age is empty; "),
	REFUSED("a negative duration is refused", BASE "keys: {clock_skew: -1s}\n",
		"t:7: keys.clock_skew: '-1s' is not a duration; "),
	REFUSED("max_age 0s is refused", BASE "keys: {max_age: 0s}\n",
		"t:7: keys.max_age: duration 0s is out of range; allowed are 1s to 1d"),
	ACCEPTED("max_age 1s is fine", BASE "keys: {max_age: 1s}\n"),
	ACCEPTED("max_age 24h is fine", BASE "keys: {max_age: 24h}\n"),
	REFUSED("max_age over 24h is refused", BASE "keys: {max_age: 24h1s}\n",
		"t:7: keys.max_age: duration 24h1s is out of range; "),
	ACCEPTED("short real timers are fine",
		BASE
		"keys: {rotation_period: 2s, max_age: 1s, clock_skew: 0s, verifier_cache: 1s,\n"
		" verifier_leeway: 1s}\n"),
	ACCEPTED("a rotation period of ten years is fine",
		BASE "keys: {rotation_period: 3650d}\n"),
	REFUSED("a rotation period over ten years is refused",
		BASE "keys: {rotation_period: 3650d1s}\n",
		"t:7: keys.rotation_period: duration 3650d1s is out of range; "),
	REFUSED("a rotation period of 0 is refused", BASE "keys: {rotation_period: 0}\n",
		"t:7: keys.rotation_period: duration 0 is out of range; "),
	ACCEPTED("a publication lag of 30d is fine",
		BASE "keys: {publication_lag: 30d, rotation_period: 60d}\n"),
	REFUSED("a publication lag over 30d is refused",
		BASE "keys: {publication_lag: 30d1s}\n",
		"t:7: keys.publication_lag: duration 30d1s is out of range; "),
	ACCEPTED("a clock skew of 1h is fine", BASE "keys: {clock_skew: 1h}\n"),
	REFUSED("a clock skew over 1h is refused", BASE "keys: {clock_skew: 3601}\n",
		"t:7: keys.clock_skew: duration 3601 is out of range; "),
	ACCEPTED("a verifier cache of 365d is fine",
		BASE "keys: {verifier_cache: 365d, rotation_period: 366d}\n"),
	REFUSED("a verifier cache over 365d is refused", BASE "keys: {verifier_cache: 366d}\n",
		"t:7: keys.verifier_cache: duration 366d is out of range; "),
	ACCEPTED("a verifier leeway of 1d is fine", BASE "keys: {verifier_leeway: 1d}\n"),
	REFUSED("a verifier leeway over 1d is refused", BASE "keys: {verifier_leeway: 2d}\n",
		"t:7: keys.verifier_leeway: duration 2d is out of range; "),
	REFUSED("an idle time of 0s is refused", BASE "limits:\n  idle: 0s\n",
		"t:8: limits.idle: duration 0s is out of range; "),
	ACCEPTED("an idle time of 1s is fine", BASE "limits: {idle: 1s}\n"),
	REFUSED("an idle time over 1d is refused", BASE "limits: {idle: 1d1s}\n",
		"t:7: limits.idle: duration 1d1s is out of range; "),

	/* rotation and what it must leave room for */
	REFUSED("a rotation period one second too short is refused",
		BASE
		"keys:\n  verifier_cache: 1h\n  clock_skew: 30s\n  rotation_period: 3629s\n",
		"t:10: keys.rotation_period 1h29s is shorter than 1h30s: a new key is "
		"published 1h "),
	ACCEPTED("a rotation period just long enough is fine",
		BASE "keys: {verifier_cache: 1h, clock_skew: 30s, rotation_period: 3630s}\n"),
	ACCEPTED("a rotation period one second longer is fine",
		BASE "keys: {verifier_cache: 1h, clock_skew: 30s, rotation_period: 3631s}\n"),
	REFUSED("a default rotation period too short for the cache is refused at the cache",
		BASE "keys:\n  max_age: 1s\n  verifier_cache: 31d\n",
		"t:9: keys.rotation_period 30d is shorter than 31d1m: "),
	REFUSED("a rotation period too short for the publication is refused",
		BASE "keys: {verifier_cache: 0s, max_age: 10s, publication_lag: 5s, "
		     "clock_skew: 2s,\n"
		     "  rotation_period: 18s}\n",
		"t:8: keys.rotation_period 18s is shorter than 19s: a new key is published 17s "
		"before it signs (the longer of verifier_cache 0s and max_age 10s + "
		"publication_lag 5s + clock_skew 2s), and clock_skew 2s comes on top; raise "
		"keys.rotation_period to 19s or more, or lower keys.max_age, publication_lag "
		"or clock_skew"),
	ACCEPTED("a rotation period just long enough for the publication is fine",
		BASE "keys: {verifier_cache: 0s, max_age: 10s, publication_lag: 5s, "
		     "clock_skew: 2s,\n"
		     "  rotation_period: 19s}\n"),
	REFUSED("a default rotation period too short for the publication is refused",
		BASE "keys:\n  publication_lag: 30d\n",
		"t:7: keys.rotation_period 30d is shorter than "),

	/* tokens */
	REFUSED("a longest lifetime of 599s is refused", BASE "tokens:\n  max_lifetime: 599s\n",
		"t:8: tokens.max_lifetime: duration 599s is out of range; allowed are 10m to "),
	ACCEPTED("a longest lifetime of 600s is fine", BASE "tokens: {max_lifetime: 600s}\n"),
	ACCEPTED("a longest lifetime of 2^32 s is fine",
		BASE "tokens: {max_lifetime: 4294967296}\n"),
	REFUSED("a longest lifetime over 2^32 s is refused",
		BASE "tokens: {max_lifetime: 4294967297}\n",
		"t:7: tokens.max_lifetime: duration 4294967297 is out of range; "),
	REFUSED("a default lifetime of 599s is refused",
		BASE "tokens: {default_lifetime: 599s}\n",
		"t:7: tokens.default_lifetime: duration 599s is out of range; "),
	ACCEPTED("a default lifetime of 10m is fine", BASE "tokens: {default_lifetime: 10m}\n"),
	ACCEPTED("a default lifetime as long as the longest is fine",
		BASE "tokens: {default_lifetime: 24h}\n"),
	REFUSED("a default lifetime over the longest is refused",
		BASE "tokens:\n  max_lifetime: 2h\n  default_lifetime: 2h1s\n",
		"t:9: tokens.default_lifetime 2h1s is longer than tokens.max_lifetime 2h; "),
	ACCEPTED("a backdate of 300s is fine", BASE "tokens: {backdate: 300s}\n"),
	REFUSED("a backdate of 301s is refused", BASE "tokens: {backdate: 301s}\n",
		"t:7: tokens.backdate: duration 301s is out of range; allowed are 0s to 5m"),
	ACCEPTED("an empty list of audiences is fine", BASE "tokens: {audiences: []}\n"),
	ACCEPTED("an audience may be any word",
		BASE "tokens: {audiences: ['~', 'true', '1', '#']}\n"),
	ACCEPTED("an audience may have 255 characters",
		BASE "tokens: {audiences: [" A255 "]}\n"),
	REFUSED("an audience of 256 characters is refused",
		BASE "tokens: {audiences: [" A255 "a]}\n",
		"t:7: tokens.audiences[0] is too long; "),
	REFUSED("an audience with a blank is refused",
		BASE "tokens:\n  audiences:\n  - a\n  - b c\n",
		"t:10: tokens.audiences[1]: the audience may hold printable ASCII without "
		"blanks only"),
	REFUSED("an empty audience is refused", BASE "tokens:\n  audiences:\n  - ''\n",
		"t:9: tokens.audiences[0] is empty; "),
	REFUSED("an audience without a value is refused", BASE "tokens:\n  audiences:\n  -\n",
		"t:9: tokens.audiences[0] is empty; "),
	REFUSED("an audience as a word is refused", BASE "tokens:\n  audiences: sts\n",
		"t:8: tokens.audiences must be a list; "),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("conf", tests, COUNT(tests), NULL, NULL);
}
