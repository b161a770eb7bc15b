/* test_certificate.c - issuer/certificate.c: whom a client certificate names, and all those
 * that name nobody.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"
#include "issuer/certificate.h"
#include "t/unit/pki.h"

#define CLIENTS "clientAuth"

static char dir[] = "/tmp/test_certificate.XXXXXX";
static char *ca_path, *crl_path;
static struct pki ca, other_ca;
static struct certificate_trust *trust;
static unix_time now;

static int setup(void **state)
{
	const struct pki *const authorities[] = { &ca };
	struct err err;

	(void)state;
	now = clock_now();
	assert_non_null(mkdtemp(dir));
	ca_path = text_format("%s/ca.pem", dir);
	crl_path = text_format("%s/crl.pem", dir);
	ca = pki_authority("test CA");
	other_ca = pki_authority("other CA");
	pki_put_authorities(ca_path, authorities, 1);
	assert_succeeds(certificate_trust_open(ca_path, NULL, &trust, &err));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	certificate_trust_free(trust);
	pki_free(&ca);
	pki_free(&other_ca);
	assert_int_equal(unlink(ca_path), 0);
	(void)unlink(crl_path); /* not every test makes one */
	assert_int_equal(rmdir(dir), 0);
	free(ca_path);
	free(crl_path);
	return 0;
}

static struct http_blob blob_of(const struct pki *pki)
{
	return (struct http_blob){ pki->der, pki->der_len };
}

static int ask(struct certificate_trust *of, const struct pki *client, struct user *ret,
	struct err *err)
{
	const struct http_blob chain[] = { blob_of(client) };

	*err = (struct err)ERR_INIT;
	return certificate_user(of, chain, 1, now, ret, err);
}

static void assert_believed(struct certificate_trust *of, const struct pki *client)
{
	struct user user = { .name = "" };
	struct err err;

	assert_succeeds(ask(of, client, &user, &err));
	user_free(&user);
}

static void assert_refused_by(struct certificate_trust *of, const struct pki *client,
	const char *why)
{
	struct user user = { .name = "" };
	struct err err;

	assert_fails(ERR_REFUSED, ask(of, client, &user, &err));
	assert_mentions(err.text, why);
	assert_int_equal(user.group_count, 0);
	assert_null(user.extra);
}

/* A client of our authority. */
static struct pki client_of(const struct pki_wish *wish)
{
	return pki_make(wish, &ca);
}

static const struct pki_wish alice = { .parts = { { "CN", "alice", 0 } }, .usage = CLIENTS };

/* ---- who it is ---- */

static void the_cn_is_the_user_and_the_os_are_groups(void **state)
{
	const struct pki_wish wish = {
		.parts = { { "O", "system:nodes", 0 }, { "CN", "system:node:n1", 0 },
			{ "O", "builders", 0 } },
		.usage = CLIENTS,
	};
	auto_pki struct pki client = client_of(&wish);
	auto_user struct user user = { .name = "" };
	auto_free char *credential = NULL;
	json_auto_t *expected = NULL;
	char hex[SECRET_HEX_LEN + 1];
	struct err err;

	(void)state;
	assert_succeeds(ask(trust, &client, &user, &err));
	assert_string_equal(user.name, "system:node:n1");
	assert_string_equal(user.uid, "");
	assert_string_equal(user.how, "certificate");
	assert_int_equal(user.group_count, 2);
	assert_string_equal(user.groups[0], "system:nodes");
	assert_string_equal(user.groups[1], "builders");
	secret_hash_hex(client.der, client.der_len, hex);
	credential = text_format("X509SHA256=%s", hex);
	expected =
		json_pack("{s:[s]}", "authentication.kubernetes.io/credential-id", credential);
	assert_true(json_equal(user.extra, expected));
}

static void other_parts_of_the_subject_are_nobodys(void **state)
{
	const struct pki_wish wish = {
		.parts = { { "C", "NL", 0 }, { "OU", "admins", 0 }, { "CN", "alice", 0 },
			{ "emailAddress", "root@example.org", 0 } },
		.usage = CLIENTS,
	};
	auto_pki struct pki client = client_of(&wish);
	auto_user struct user user = { .name = "" };
	struct err err;

	(void)state;
	assert_succeeds(ask(trust, &client, &user, &err));
	assert_string_equal(user.name, "alice");
	assert_int_equal(user.group_count, 0);
}

/* Printable ASCII without blanks is a name, and is taken as it stands. */
static void names_are_taken_as_they_stand(void **state)
{
	static const char *const names[] = { "a", "a,b", "a+b", "#a", "a\"b", "a\\b", "a;b",
		"<a>", "CN=a", "a=b", "it's", "a@b.example", "system:masters" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct pki_wish wish = {
			.parts = { { "CN", names[i], 0 }, { "O", names[i], 0 } },
			.usage = CLIENTS,
		};
		auto_pki struct pki client = client_of(&wish);
		auto_user struct user user = { .name = "" };
		struct err err;

		assert_succeeds(ask(trust, &client, &user, &err));
		assert_string_equal(user.name, names[i]);
		assert_int_equal(user.group_count, 1);
		assert_string_equal(user.groups[0], names[i]);
	}
}

static void there_is_one_cn(void **state)
{
	static const struct pki_wish none = { .parts = { { "O", "alice", 0 } },
		.usage = CLIENTS };
	static const struct pki_wish two = {
		.parts = { { "CN", "alice", 0 }, { "CN", "bob", 0 } },
		.usage = CLIENTS,
	};
	static const struct pki_wish twice = {
		.parts = { { "CN", "alice", 0 }, { "CN", "alice", 0 } },
		.usage = CLIENTS,
	};
	auto_pki struct pki without = client_of(&none);
	auto_pki struct pki with_two = client_of(&two);
	auto_pki struct pki with_one_twice = client_of(&twice);

	(void)state;
	assert_refused_by(trust, &without, "does not have one CN");
	assert_refused_by(trust, &with_two, "does not have one CN");
	assert_refused_by(trust, &with_one_twice, "does not have one CN");
}

/* Bytes that are no name, as CN and as O; what is behind a zero byte was signed, too. */
static void assert_groups(struct certificate_trust *of, const struct pki *client, size_t count)
{
	auto_user struct user user = { .group_count = 0 };
	struct err err;

	assert_succeeds(ask(of, client, &user, &err));
	assert_int_equal(user.group_count, count);
}

/* An O that is a text, like "Acme Inc", is no group, and no reason to refuse either. */
static void what_is_no_name_is_refused(void **state)
{
	static const struct pki_part cases[] = { { NULL, "", 0 }, { NULL, "a b", 0 },
		{ NULL, "alice\0", 6 }, { NULL, "alice\0.evil.example", 19 },
		{ NULL, "\0alice", 6 }, { NULL, "gr\xc3\xbc\xc3\x9f", 0 }, { NULL, "a\n", 0 },
		{ NULL, "\x7f", 0 }, { NULL, " alice", 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *value = cases[i].value;
		const int len = cases[i].len;
		const struct pki_wish as_name = { .parts = { { "CN", value, len } },
			.usage = CLIENTS };
		const struct pki_wish as_group = {
			.parts = { { "CN", "alice", 0 }, { "O", "good", 0 },
				{ "O", value, len } },
			.usage = CLIENTS,
		};
		auto_pki struct pki named = client_of(&as_name);
		auto_pki struct pki grouped = client_of(&as_group);

		assert_refused_by(trust, &named, "CN");
		if (len > 0 || value[0] == '\0')
			assert_refused_by(trust, &grouped, "O");
		else
			assert_groups(trust, &grouped, 1); /* "good" */
	}
}

static void a_name_is_at_most_so_long(void **state)
{
	char name[NAME_USER_MAX + 2] = "";
	const struct pki_wish wish = { .parts = { { "O", name, 0 }, { "CN", "a", 0 } },
		.usage = CLIENTS };

	(void)state;
	/* OpenSSL holds CNs to 64 characters, and Os too, unless told otherwise. */
	memset(name, 'x', 64);
	for (size_t len = 63; len <= 64; len++) {
		auto_pki struct pki client = { .crt = NULL };

		name[len] = '\0';
		client = client_of(&wish);
		assert_believed(trust, &client);
		name[len] = 'x';
	}
}

static void a_certificate_has_64_groups_at_most(void **state)
{
	(void)state;
	for (size_t count = 63; count <= 65; count++) {
		struct pki_wish wish = { .parts = { { "CN", "alice", 0 } }, .usage = CLIENTS };
		auto_pki struct pki client = { .crt = NULL };

		for (size_t i = 1; i <= count; i++)
			wish.parts[i] = (struct pki_part){ "O", "g", 0 };
		client = client_of(&wish);
		if (count <= 64)
			assert_believed(trust, &client);
		else
			assert_refused_by(trust, &client, "too many Os");
	}
}

/* ---- whether to believe it ---- */

static void a_certificate_is_good_in_its_time_only(void **state)
{
	struct pki_wish wish = alice;
	auto_pki struct pki good = client_of(&alice);
	auto_pki struct pki past = { .crt = NULL };
	auto_pki struct pki future = { .crt = NULL };

	(void)state;
	wish.from_s = -2 * HOUR;
	wish.to_s = -1;
	past = client_of(&wish);
	wish.from_s = HOUR;
	wish.to_s = 2 * HOUR;
	future = client_of(&wish);
	assert_believed(trust, &good);
	assert_refused_by(trust, &past, "expired");
	assert_refused_by(trust, &future, "not yet");
}

static void others_authorities_are_not_ours(void **state)
{
	auto_pki struct pki same_name = pki_authority("test CA");
	auto_pki struct pki by_itself = pki_make(&alice, NULL);
	auto_pki struct pki by_other = pki_make(&alice, &other_ca);
	auto_pki struct pki by_namesake = pki_make(&alice, &same_name);

	(void)state;
	assert_refused_by(trust, &by_itself, "not trusted");
	assert_refused_by(trust, &by_other, "not trusted");
	assert_refused_by(trust, &by_namesake, "not trusted");
}

/* A client's certificate makes no others. */
static void a_client_is_no_authority(void **state)
{
	auto_pki struct pki middle = client_of(&alice);
	auto_pki struct pki client = pki_make(&alice, &middle);
	const struct http_blob chain[] = { blob_of(&client), blob_of(&middle) };
	struct user user;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(ERR_REFUSED, certificate_user(trust, chain, 2, now, &user, &err));
}

static void an_authority_in_between_is_shown_with_the_client(void **state)
{
	const struct pki_wish wish = {
		.parts = { { "CN", "middle", 0 }, { "O", "not-a-group", 0 } },
		.is_authority = true,
	};
	auto_pki struct pki middle = pki_make(&wish, &ca);
	auto_pki struct pki client = pki_make(&alice, &middle);
	const struct http_blob chain[] = { blob_of(&client), blob_of(&middle) };
	struct user user = { .name = "" };
	struct err err;

	(void)state;
	assert_succeeds(certificate_user(trust, chain, 2, now, &user, &err));
	assert_string_equal(user.name, "alice");
	assert_int_equal(user.group_count, 0);
	user_free(&user);
	assert_refused_by(trust, &client, "not trusted");
}

static void it_must_be_for_clients(void **state)
{
	static const struct {
		const char *usage;
		bool is_good;
	} cases[] = { { NULL, true }, { "clientAuth", true }, { "serverAuth,clientAuth", true },
		{ "serverAuth", false }, { "codeSigning,emailProtection", false },
		{ "critical,serverAuth", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pki_wish wish = alice;
		auto_pki struct pki client = { .crt = NULL };

		wish.usage = cases[i].usage;
		client = client_of(&wish);
		if (cases[i].is_good)
			assert_believed(trust, &client);
		else
			assert_refused_by(trust, &client, "not trusted");
	}
}

static void bytes_that_are_no_certificate_are_refused(void **state)
{
	auto_pki struct pki client = client_of(&alice);
	struct http_blob blob = blob_of(&client);
	struct user user;
	struct err err = ERR_INIT;

	(void)state;
	for (blob.len = 0; blob.len < client.der_len; blob.len++)
		assert_fails(ERR_REFUSED, certificate_user(trust, &blob, 1, now, &user, &err));
	for (size_t i = 0; i < client.der_len; i++) {
		client.der[i] ^= 1;
		blob = blob_of(&client);
		assert_fails(ERR_REFUSED, certificate_user(trust, &blob, 1, now, &user, &err));
		client.der[i] ^= 1;
	}
	assert_believed(trust, &client);
}

/* ---- revocation, and files that change ---- */

static void a_revoked_certificate_is_refused(void **state)
{
	struct certificate_trust *with_list = NULL;
	auto_pki struct pki bad = client_of(&alice);
	auto_pki struct pki good = client_of(&alice);
	struct err err;

	(void)state;
	pki_put_list(crl_path, &ca, &bad, HOUR);
	assert_succeeds(certificate_trust_open(ca_path, crl_path, &with_list, &err));
	assert_refused_by(with_list, &bad, "revoked");
	assert_believed(with_list, &good);
	assert_believed(trust, &bad); /* who has no list knows of none */
	certificate_trust_free(with_list);
}

/* It says nothing about who was revoked since. Who is on it is revoked all the same. */
static void a_list_out_of_date_refuses_all(void **state)
{
	struct certificate_trust *with_list = NULL;
	auto_pki struct pki good = client_of(&alice);
	auto_pki struct pki bad = client_of(&alice);
	struct err err;

	(void)state;
	pki_put_list(crl_path, &ca, &bad, -HOUR); /* `now` is that of the beginning */
	assert_succeeds(certificate_trust_open(ca_path, crl_path, &with_list, &err));
	assert_refused_by(with_list, &good, "out of date");
	assert_refused_by(with_list, &bad, "revoked");
	certificate_trust_free(with_list);
}

/* Until the second that it names, and no longer. */
static void a_list_is_in_date_until_its_next_update(void **state)
{
	const unix_time was = now;
	struct certificate_trust *with_list = NULL;
	auto_pki struct pki client = client_of(&alice);
	struct err err;

	(void)state;
	pki_put_list(crl_path, &ca, NULL, HOUR);
	assert_succeeds(certificate_trust_open(ca_path, crl_path, &with_list, &err));
	now = was + HOUR - 1;
	assert_believed(with_list, &client);
	now = clock_now() + HOUR;
	assert_refused_by(with_list, &client, "out of date");
	now = was;
	certificate_trust_free(with_list);
}

static void only_our_authorities_own_lists_are_read(void **state)
{
	auto_pki struct pki same_name = pki_authority("test CA");
	auto_pki struct pki client = client_of(&alice);
	struct certificate_trust *got = NULL;
	struct err err;

	(void)state;
	pki_put_list(crl_path, &other_ca, &client, HOUR);
	assert_fails(ERR_BAD_INPUT, certificate_trust_open(ca_path, crl_path, &got, &err));
	pki_put_list(crl_path, &same_name, &client, HOUR);
	assert_fails(ERR_BAD_INPUT, certificate_trust_open(ca_path, crl_path, &got, &err));
	assert_null(got);
}

static void refresh(struct certificate_trust *of, bool has_changed)
{
	bool is_changed = !has_changed;
	struct err err;

	assert_succeeds(certificate_trust_refresh(of, &is_changed, &err));
	assert_int_equal(is_changed, has_changed);
}

static void a_new_list_is_in_force_after_a_refresh(void **state)
{
	struct certificate_trust *with_list = NULL;
	auto_pki struct pki client = client_of(&alice);
	struct err err;

	(void)state;
	pki_put_list(crl_path, &ca, NULL, HOUR);
	assert_succeeds(certificate_trust_open(ca_path, crl_path, &with_list, &err));
	refresh(with_list, false);
	assert_believed(with_list, &client);
	pki_put_list(crl_path, &ca, &client, HOUR);
	assert_believed(with_list, &client);
	refresh(with_list, true);
	assert_refused_by(with_list, &client, "revoked");
	refresh(with_list, false);
	assert_refused_by(with_list, &client, "revoked");
	certificate_trust_free(with_list);
}

static void new_authorities_are_in_force_after_a_refresh(void **state)
{
	const struct pki *const both[] = { &ca, &other_ca };
	const struct pki *const other[] = { &other_ca };
	auto_pki struct pki ours = client_of(&alice);
	auto_pki struct pki theirs = pki_make(&alice, &other_ca);
	const struct pki *const was[] = { &ca };

	(void)state;
	pki_put_authorities(ca_path, both, 2);
	refresh(trust, true);
	assert_believed(trust, &ours);
	assert_believed(trust, &theirs);
	pki_put_authorities(ca_path, other, 1);
	refresh(trust, true);
	assert_refused_by(trust, &ours, "not trusted");
	assert_believed(trust, &theirs);
	pki_put_authorities(ca_path, was, 1);
	refresh(trust, true);
	assert_refused_by(trust, &theirs, "not trusted");
}

/* What was read before stays in force, and the next refresh tries again. */
static void files_that_cannot_be_read_change_nothing(void **state)
{
	struct certificate_trust *with_list = NULL;
	auto_pki struct pki bad = client_of(&alice);
	auto_pki struct pki good = client_of(&alice);
	bool is_changed = true;
	struct err err;

	(void)state;
	pki_put_list(crl_path, &ca, &bad, HOUR);
	assert_succeeds(certificate_trust_open(ca_path, crl_path, &with_list, &err));
	pki_put(crl_path, BIO_new(BIO_s_mem()));
	for (int i = 0; i < 2; i++) {
		assert_fails(ERR_BAD_INPUT,
			certificate_trust_refresh(with_list, &is_changed, &err));
		assert_mentions(err.text, "revocation list");
		assert_false(is_changed);
	}
	assert_int_equal(unlink(crl_path), 0);
	assert_int_equal(certificate_trust_refresh(with_list, &is_changed, &err), -1);
	assert_refused_by(with_list, &bad, "revoked");
	assert_believed(with_list, &good);
	pki_put_list(crl_path, &ca, &good, HOUR);
	refresh(with_list, true);
	assert_refused_by(with_list, &good, "revoked");
	certificate_trust_free(with_list);
}

static void files_without_what_they_are_for_are_refused(void **state)
{
	struct certificate_trust *got = NULL;
	auto_free char *nowhere = text_format("%s/nowhere.pem", dir);
	struct err err;

	(void)state;
	assert_int_equal(certificate_trust_open(nowhere, NULL, &got, &err), -1);
	assert_int_equal(certificate_trust_open(ca_path, nowhere, &got, &err), -1);
	assert_fails(ERR_BAD_INPUT, certificate_trust_open(ca_path, ca_path, &got, &err));
	assert_mentions(err.text, "holds no certificate revocation list");
	pki_put_list(crl_path, &ca, NULL, HOUR);
	assert_fails(ERR_BAD_INPUT, certificate_trust_open(crl_path, NULL, &got, &err));
	assert_mentions(err.text, "holds no certificate");
	assert_null(got);
}

UNIT_MAIN_WITH(setup, teardown, cmocka_unit_test(the_cn_is_the_user_and_the_os_are_groups),
	cmocka_unit_test(other_parts_of_the_subject_are_nobodys),
	cmocka_unit_test(names_are_taken_as_they_stand), cmocka_unit_test(there_is_one_cn),
	cmocka_unit_test(what_is_no_name_is_refused),
	cmocka_unit_test(a_name_is_at_most_so_long),
	cmocka_unit_test(a_certificate_has_64_groups_at_most),
	cmocka_unit_test(a_certificate_is_good_in_its_time_only),
	cmocka_unit_test(others_authorities_are_not_ours),
	cmocka_unit_test(a_client_is_no_authority),
	cmocka_unit_test(an_authority_in_between_is_shown_with_the_client),
	cmocka_unit_test(it_must_be_for_clients),
	cmocka_unit_test(bytes_that_are_no_certificate_are_refused),
	cmocka_unit_test(a_revoked_certificate_is_refused),
	cmocka_unit_test(a_list_out_of_date_refuses_all),
	cmocka_unit_test(a_list_is_in_date_until_its_next_update),
	cmocka_unit_test(only_our_authorities_own_lists_are_read),
	cmocka_unit_test(a_new_list_is_in_force_after_a_refresh),
	cmocka_unit_test(new_authorities_are_in_force_after_a_refresh),
	cmocka_unit_test(files_that_cannot_be_read_change_nothing),
	cmocka_unit_test(files_without_what_they_are_for_are_refused));
