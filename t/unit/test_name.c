/* test_name.c - base/name.c: the names that Kubernetes allows, and no others.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/name.h"
#include "t/unit/unit.h"

typedef int name_check(const char *what, const char *s, struct err *err);

static void assert_allowed(name_check *check, const char *s)
{
	struct err err = ERR_INIT;

	if (check("thing", s, &err) < 0)
		fail_msg("'%s' was refused: %s", s, err.text);
}

static void assert_refused(name_check *check, const char *s)
{
	struct err err = ERR_INIT;

	if (check("thing", s, &err) == 0)
		fail_msg("'%s' was allowed", s);
	assert_int_equal(err.code, ERR_BAD_INPUT);
	assert_mentions(err.text, "thing");
}

static const char *of_length(size_t len)
{
	static char s[1024];

	memset(s, 'a', len);
	s[len] = '\0';
	return s;
}

static void labels_are_lower_case_letters_digits_and_dashes(void **state)
{
	(void)state;
	assert_allowed(name_check_label, "a");
	assert_allowed(name_check_label, "0");
	assert_allowed(name_check_label, "kube-system");
	assert_allowed(name_check_label, "a--b");
	assert_allowed(name_check_label, "9-lives");
}

static void other_labels_are_refused(void **state)
{
	static const char *const cases[] = { "", "-", "-a", "a-", "A", "aB", "a_b", "a.b",
		"a b", " a", "a ", "a\n", "a/b", "a:b", "a*", "\xc3\xa4", "a\x7f" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(name_check_label, cases[i]);
}

static void subdomains_are_labels_with_dots_between(void **state)
{
	(void)state;
	assert_allowed(name_check_subdomain, "a");
	assert_allowed(name_check_subdomain, "a.b");
	assert_allowed(name_check_subdomain, "node-1.example.com");
	assert_allowed(name_check_subdomain, "10.0.0.1");
}

static void other_subdomains_are_refused(void **state)
{
	static const char *const cases[] = { "", ".", "..", ".a", "a.", "a..b", "a-.b", "a.-b",
		"-a", "a-", "A.b", "a_b", "a/b", "a:b", "a.b\n", "*", "a.*" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(name_check_subdomain, cases[i]);
}

static void uids_are_letters_digits_and_dashes(void **state)
{
	static const char *const good[] = { "a", "7", "-",
		"ece185b3-e40c-43d9-8c8a-d9fa10bf2dee", "ECE185B3", "pod-UID" };
	static const char *const bad[] = { "", " ", "a b", "a_b", "a.b", "a/b", "a:b", "a\n",
		"{a}", "\xc3\xa4", "a\"b" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_allowed(name_check_uid, good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(name_check_uid, bad[i]);
}

static void users_and_audiences_are_printable_without_blanks(void **state)
{
	static const char *const good[] = { "a", "system:node:n-1", "~!@#$%^&*()",
		"sts.amazonaws.com", "https://vault.example/v1?x=1", "CN=Alice" };
	static const char *const bad[] = { "", " ", "a b", "a\tb", "a\n", "a\x7f", "\x1b[2J",
		"\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_allowed(name_check_user, good[i]);
		assert_allowed(name_check_audience, good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_refused(name_check_user, bad[i]);
		assert_refused(name_check_audience, bad[i]);
	}
}

static void names_at_the_limit_are_allowed_and_one_longer_refused(void **state)
{
	static const struct {
		name_check *check;
		size_t max;
	} cases[] = {
		{ name_check_label, NAME_LABEL_MAX },
		{ name_check_subdomain, NAME_SUBDOMAIN_MAX },
		{ name_check_pattern, NAME_SUBDOMAIN_MAX },
		{ name_check_uid, NAME_UID_MAX },
		{ name_check_user, NAME_USER_MAX },
		{ name_check_audience, NAME_AUDIENCE_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_allowed(cases[i].check, of_length(cases[i].max));
		assert_refused(cases[i].check, of_length(cases[i].max + 1));
		assert_refused(cases[i].check, of_length(1000));
	}
}

static void patterns_have_the_characters_of_names_and_stars(void **state)
{
	static const char *const good[] = { "*", "a", "prod-*", "*-ci", "a*b*c", "**",
		"node.*" };
	static const char *const bad[] = { "", "A*", "a?", "[ab]", "a\\*", "!a", "a/b", "{a,b}",
		"a b", "*\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_allowed(name_check_pattern, good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(name_check_pattern, bad[i]);
}

static void a_star_stands_for_any_run(void **state)
{
	(void)state;
	assert_true(name_matches("*", "anything.at-all"));
	assert_true(name_matches("*", ""));
	assert_true(name_matches("prod-*", "prod-"));
	assert_true(name_matches("prod-*", "prod-eu"));
	assert_true(name_matches("*.example", ".example"));
	assert_true(name_matches("a*c", "abbbc"));
	assert_true(name_matches("a*b*c", "axxbyyc"));
	assert_true(name_matches("web", "web"));
}

static void a_pattern_matches_the_whole_name(void **state)
{
	(void)state;
	assert_false(name_matches("prod-*", "prod"));
	assert_false(name_matches("prod-*", "xprod-eu"));
	assert_false(name_matches("web", "web2"));
	assert_false(name_matches("web", "we"));
	assert_false(name_matches("a*c", "abcd"));
	assert_false(name_matches("web", ""));
	assert_false(name_matches("a.b", "axb"));
}

/* Who may write grants must not be able to stop the daemon with one. */
static void a_pattern_full_of_stars_is_judged_soon(void **state)
{
	char pattern[NAME_SUBDOMAIN_MAX + 1];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = '\0';
	assert_succeeds(name_check_pattern("pattern", pattern, &err));
	assert_false(name_matches(pattern, of_length(NAME_SUBDOMAIN_MAX)));
}

static void a_pair_is_split_and_checked(void **state)
{
	char namespace[NAME_LABEL_MAX + 1] = "";
	char name[NAME_SUBDOMAIN_MAX + 1] = "";
	struct err err;

	(void)state;
	assert_succeeds(name_split("kube-system/node.agent", false, namespace, name, &err));
	assert_string_equal(namespace, "kube-system");
	assert_string_equal(name, "node.agent");
	assert_succeeds(name_split("prod-*/*", true, namespace, name, &err));
	assert_string_equal(namespace, "prod-*");
	assert_string_equal(name, "*");
}

static void other_pairs_are_refused_and_leave_the_outputs_alone(void **state)
{
	static const char *const cases[] = { "", "/", "a", "a/", "/a", "a/b/c", "a//b", "A/b",
		"a/B", "a.b/c", "a/b.", "*/b", "a/*", " a/b", "a/b " };
	char namespace[NAME_LABEL_MAX + 1] = "before";
	char name[NAME_SUBDOMAIN_MAX + 1] = "before";
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_fails(ERR_BAD_INPUT, name_split(cases[i], false, namespace, name, &err));
	assert_fails(ERR_BAD_INPUT, name_split("a?/b", true, namespace, name, &err));
	assert_fails(ERR_BAD_INPUT, name_split("a/[b]", true, namespace, name, &err));
	assert_string_equal(namespace, "before");
	assert_string_equal(name, "before");
}

static void halves_of_a_pair_have_their_own_limits(void **state)
{
	char pair[NAME_LABEL_MAX + NAME_SUBDOMAIN_MAX + 4];
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	struct err err;

	(void)state;
	memset(pair, 'a', sizeof(pair));
	pair[NAME_LABEL_MAX] = '/';
	pair[NAME_LABEL_MAX + 1 + NAME_SUBDOMAIN_MAX] = '\0';
	assert_succeeds(name_split(pair, false, namespace, name, &err));
	assert_int_equal(strlen(namespace), NAME_LABEL_MAX);
	assert_int_equal(strlen(name), NAME_SUBDOMAIN_MAX);

	pair[NAME_LABEL_MAX + 1 + NAME_SUBDOMAIN_MAX] = 'a';
	pair[NAME_LABEL_MAX + 2 + NAME_SUBDOMAIN_MAX] = '\0';
	assert_fails(ERR_BAD_INPUT, name_split(pair, false, namespace, name, &err));
	assert_fails(ERR_BAD_INPUT, name_split(pair, true, namespace, name, &err));

	pair[NAME_LABEL_MAX] = 'a';
	pair[NAME_LABEL_MAX + 1] = '/';
	assert_fails(ERR_BAD_INPUT, name_split(pair, false, namespace, name, &err));
	assert_fails(ERR_BAD_INPUT, name_split(pair, true, namespace, name, &err));
}

static void a_subject_is_as_kubernetes_has_it(void **state)
{
	char subject[NAME_SUBJECT_MAX];

	(void)state;
	name_subject("ci", "app.v1", subject);
	assert_string_equal(subject, "system:serviceaccount:ci:app.v1");
	name_subject("", "", subject);
	assert_string_equal(subject, "system:serviceaccount::");
}

static void the_longest_subject_fits_and_a_longer_one_is_cut(void **state)
{
	char namespace[NAME_LABEL_MAX + 1] = "";
	struct {
		char subject[NAME_SUBJECT_MAX];
		char behind[4];
	} out = { .behind = "xyz" };

	(void)state;
	memset(namespace, 'n', NAME_LABEL_MAX);
	name_subject(namespace, of_length(NAME_SUBDOMAIN_MAX), out.subject);
	assert_int_equal(strlen(out.subject), NAME_SUBJECT_MAX - 1);
	assert_memory_equal(out.subject, "system:serviceaccount:nnn", 25);
	assert_string_equal(strrchr(out.subject, ':') + 1, of_length(NAME_SUBDOMAIN_MAX));
	/* The signer makes one for the audit of names that nobody has checked. */
	name_subject(namespace, of_length(1000), out.subject);
	assert_int_equal(strlen(out.subject), NAME_SUBJECT_MAX - 1);
	assert_string_equal(out.behind, "xyz");
}

UNIT_MAIN(cmocka_unit_test(labels_are_lower_case_letters_digits_and_dashes),
	cmocka_unit_test(other_labels_are_refused),
	cmocka_unit_test(subdomains_are_labels_with_dots_between),
	cmocka_unit_test(other_subdomains_are_refused),
	cmocka_unit_test(uids_are_letters_digits_and_dashes),
	cmocka_unit_test(users_and_audiences_are_printable_without_blanks),
	cmocka_unit_test(names_at_the_limit_are_allowed_and_one_longer_refused),
	cmocka_unit_test(patterns_have_the_characters_of_names_and_stars),
	cmocka_unit_test(a_star_stands_for_any_run),
	cmocka_unit_test(a_pattern_matches_the_whole_name),
	cmocka_unit_test(a_pattern_full_of_stars_is_judged_soon),
	cmocka_unit_test(a_pair_is_split_and_checked),
	cmocka_unit_test(other_pairs_are_refused_and_leave_the_outputs_alone),
	cmocka_unit_test(halves_of_a_pair_have_their_own_limits),
	cmocka_unit_test(a_subject_is_as_kubernetes_has_it),
	cmocka_unit_test(the_longest_subject_fits_and_a_longer_one_is_cut));
