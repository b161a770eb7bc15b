/* test_agent_conf.c - the agent's settings: defaults, what is made of them, and every refusal
 * with
 * its line. SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/auto.h"
#include "conf/agent_conf.h"
#include "t/unit/unit.h"

/* One line each; what a test adds begins in line 3, and is of projections[0] if indented. */
#define SERVER "server: {url: \"https://a.example\", secret_file: s}\n"
#define BASE   SERVER "projections:\n- service_account: ci/app\n"
#define FULL   BASE "  directory: d\n"

struct sample {
	const char *yaml;
	const char *text;
};

static void is_refused(void **state)
{
	const struct sample *sample = *state;
	struct agent_conf *conf = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(agent_conf_parse("t", sample->yaml, strlen(sample->yaml), &conf, &err),
		-1);
	if (strncmp(err.text, sample->text, strlen(sample->text)) != 0)
		fail_msg("'%s' does not begin with '%s'", err.text, sample->text);
	assert_int_equal(err.code, ERR_BAD_INPUT);
	assert_null(conf);
}

static struct agent_conf *parse(const char *name, const char *yaml)
{
	struct agent_conf *conf = NULL;
	struct err err = ERR_INIT;

	if (agent_conf_parse(name, yaml, strlen(yaml), &conf, &err) < 0)
		fail_msg("%s", err.text);
	return conf;
}

/* Also, what is printed reads back, and prints the same. */
static void is_accepted(void **state)
{
	const struct sample *sample = *state;
	auto_agent_conf struct agent_conf *conf = parse("/x/t", sample->yaml);
	auto_agent_conf struct agent_conf *again = NULL;
	auto_text struct text first = TEXT_INIT, second = TEXT_INIT;
	struct err err = ERR_INIT;

	assert_succeeds(agent_conf_print(conf, &first, &err));
	again = parse("/elsewhere/t", first.s);
	assert_succeeds(agent_conf_print(again, &second, &err));
	assert_string_equal(first.s, second.s);
}

static void what_is_left_out_has_its_default(void **state)
{
	auto_agent_conf struct agent_conf *conf = parse("/etc/a.yaml", FULL);
	const struct agent_projection *p = &conf->projections[0];
	auto_free char *file = agent_conf_file(p);

	(void)state;
	assert_string_equal(conf->path, "/etc/a.yaml");
	assert_non_null(strstr(conf->state, "/issuer-agent"));
	assert_string_equal(conf->server.secret_file, "/etc/s");
	assert_int_equal(conf->server.keys_check.s, 300);
	assert_string_equal(p->audience, "sts.amazonaws.com");
	assert_int_equal(p->lifetime.s, 3600);
	assert_string_equal(p->directory, "/etc/d");
	assert_string_equal(file, "/etc/d/token");
	assert_string_equal(p->namespace, "ci");
	assert_string_equal(p->name, "app");
	assert_string_equal(p->session_name, "ci.app");
	assert_int_equal(p->uid, geteuid());
	assert_int_equal(p->gid, getegid());
	assert_int_equal(p->file_mode, 0640);
	assert_int_equal(conf->sts.lifetime.s, 3600);
	assert_int_equal(conf->listener_count, 0);
	assert_string_equal(conf->log_level, "info");
}

static void names_of_people_become_numbers(void **state)
{
	auto_agent_conf struct agent_conf *conf =
		parse("/t", FULL "  owner: root\n  group: \"7\"\n  mode: \"0400\"\n");

	(void)state;
	assert_int_equal(conf->projections[0].uid, 0);
	assert_int_equal(conf->projections[0].gid, 7);
	assert_int_equal(conf->projections[0].file_mode, 0400);
}

/* A case of its own in the report. */
#define CASE(title, how, sample_yaml, begins)                                                  \
	{                                                                                      \
		title, how, NULL, NULL, &(struct sample)                                       \
		{                                                                              \
			sample_yaml, begins                                                    \
		}                                                                              \
	}
#define REFUSED(title, yaml, text) CASE(title " is refused", is_refused, yaml, text)
#define ACCEPTED(title, yaml)      CASE(title " is accepted", is_accepted, yaml, NULL)
#define SERVE(fields)              "server: {" fields "}\n"
#define URL                        "url: \"https://a.example\""
#define LISTEN(fields)             SERVER "listeners:\n- {" fields "}\n"
#define STS(fields)                SERVER "sts: {" fields "}\n"

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_left_out_has_its_default),
	cmocka_unit_test(names_of_people_become_numbers),
	ACCEPTED("a server alone", SERVER),
	ACCEPTED("a projection", FULL),
	ACCEPTED("a plain file", BASE "  path: p\n"),
	ACCEPTED("http on this host", SERVE("url: \"http://127.0.0.1:8080\", secret_file: s")),
	ACCEPTED("http on localhost", SERVE("url: \"http://localhost\", secret_file: s")),
	ACCEPTED("http on ::1", SERVE("url: \"http://[::1]:80/x\", secret_file: s")),
	ACCEPTED("a socket, whose uid is enough", SERVE(URL ", socket: s")),
	ACCEPTED("a certificate", SERVE(URL ", certificate: c, key: k, ca: ca")),
	ACCEPTED("a bound token", FULL "  bound: {kind: Node, name: n}\n"),
	ACCEPTED("two files in a directory",
		FULL "- {service_account: ci/app, directory: d, file: other}\n"),
	ACCEPTED("all listeners",
		LISTEN("address: \"127.0.0.1:0\", serves: [credentials, metrics]") "- {socket: s, serves: [tokens, credentials, metrics]}\n"),
	ACCEPTED("an STS of one's own",
		STS("url: \"https://minio.example:9000\", ca: c, lifetime: 12h")),
	REFUSED("no server", "log_level: info\n", "t:1: "),
	REFUSED("no identity", SERVE(URL), "t:1: server says nothing of who the agent is"),
	REFUSED("two identities", SERVE(URL ", secret_file: s, certificate: c, key: k"),
		"t:1: server has both secret_file and certificate"),
	REFUSED("a certificate without a key", SERVE(URL ", certificate: c"),
		"t:1: server.certificate has no key"),
	REFUSED("a key without a certificate", SERVE(URL ", key: c"),
		"t:1: server.key has no certificate"),
	REFUSED("a certificate through a socket",
		SERVE(URL ", socket: s, certificate: c, key: k"),
		"t:1: server.socket is not encrypted"),
	REFUSED("a certificate without TLS",
		SERVE("url: \"http://localhost\", certificate: c, key: k"),
		"t:1: server.certificate is shown over TLS"),
	REFUSED("http to others", SERVE("url: \"http://a.example\", secret_file: s"),
		"t:1: server.url 'http://a.example' is not encrypted"),
	REFUSED("http to a name that looks local",
		SERVE("url: \"http://localhost.example\", secret_file: s"),
		"t:1: server.url 'http://localhost.example' is not encrypted"),
	REFUSED("another scheme", SERVE("url: \"ftp://a.example\", secret_file: s"),
		"t:1: server.url: 'ftp://a.example' is not an https URL"),
	REFUSED("a name without a namespace", SERVER "projections:\n- service_account: app\n",
		"t:3: projections[0].service_account: "),
	REFUSED("no place", BASE, "t:3: projections[0] has no place"),
	REFUSED("two places", FULL "  path: p\n",
		"t:5: projections[0] has both path and directory"),
	REFUSED("a file with a slash", FULL "  file: a/b\n",
		"t:5: projections[0].file 'a/b' must be"),
	REFUSED("a file that begins with a dot", FULL "  file: ..data\n",
		"t:5: projections[0].file '..data' must be"),
	REFUSED("a file twice", FULL "- {service_account: ci/b, directory: d}\n",
		"t:5: projections[1] keeps "),
	REFUSED("a path that is a directory's file",
		FULL "- {service_account: ci/b, path: d/token}\n",
		"t:5: projections[1] keeps "),
	REFUSED("a directory with a slash at its end", BASE "  directory: d/\n",
		"t:4: projections[0].directory "),
	REFUSED("a directory with two slashes", BASE "  directory: /a//d\n",
		"t:4: projections[0].directory '/a//d' can be written"),
	REFUSED("a way back", BASE "  path: /a/../d\n",
		"t:4: projections[0].path '/a/../d' can be written"),
	REFUSED("a place with a dot in it", BASE "  path: /a/./d\n",
		"t:4: projections[0].path '/a/./d' can be written"),
	REFUSED("the status as a token", "state: /s\n" BASE "  path: /s/status.json\n",
		"t:4: projections[0] keeps '/s/status.json', which is the agent's own"),
	ACCEPTED("a directory below the state", "state: /s\n" BASE "  directory: /s/d\n"),
	REFUSED("a short life", FULL "  lifetime: 9m59s\n", "t:5: projections[0].lifetime: "),
	REFUSED("a mode for everybody", FULL "  mode: \"0644\"\n",
		"t:5: projections[0].mode '0644'"),
	REFUSED("a user who is not there", FULL "  owner: nobody-here\n",
		"t:5: projections[0].owner: there is no user"),
	REFUSED("a group that is not there", FULL "  group: nobody-here\n",
		"t:5: projections[0].group: there is no group"),
	REFUSED("uid -1", FULL "  owner: \"4294967295\"\n", "t:5: projections[0].owner: "),
	REFUSED("a secret as bound object", FULL "  bound: {kind: Secret, name: n}\n",
		"t:5: unknown word 'Secret' in projections[0].bound.kind"),
	REFUSED("a role that is none", FULL "  role_arn: \"role/x\"\n",
		"t:5: projections[0].role_arn 'role/x'"),
	REFUSED("a region that is a host", FULL "  region: \"a.b\"\n",
		"t:5: projections[0].region 'a.b'"),
	REFUSED("a session with a blank", FULL "  session_name: \"a b\"\n",
		"t:5: projections[0].session_name 'a b'"),
	REFUSED("a listener for others", LISTEN("address: \":80\", serves: [metrics]"),
		"t:3: listeners[0].address ':80' can be reached"),
	REFUSED("tokens over TCP", LISTEN("address: \"127.0.0.1:80\", serves: [tokens]"),
		"t:3: listeners[0].address serves tokens"),
	REFUSED("a listener nowhere", LISTEN("serves: [metrics]"),
		"t:3: listeners[0] has neither"),
	REFUSED("a listener in two places",
		LISTEN("address: \"127.0.0.1:80\", socket: s, serves: [metrics]"),
		"t:3: listeners[0] has both"),
	REFUSED("a listener for nothing", LISTEN("socket: s, serves: []"),
		"t:3: listeners[0] serves nothing"),
	REFUSED("an unknown service", LISTEN("socket: s, serves: [api]"),
		"t:3: unknown word 'api'"),
	REFUSED("an STS in clear", STS("url: \"http://sts.example\""),
		"t:2: sts.url 'http://sts.example' is not encrypted"),
	REFUSED("credentials for a moment", STS("lifetime: 14m59s"), "t:2: sts.lifetime: "),
	REFUSED("an unknown setting", SERVER "nonsense: 1\n", "t:2: unknown"),
	REFUSED("an unknown level", SERVER "log_level: loud\n", "t:2: unknown word 'loud'"),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
