/* store_suite_audit.c - store_suite.h, part three: every change is recorded, and the records
 * cannot be touched without a trace.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/text.h"
#include "t/unit/store_suite.h"
#include "t/unit/store_suite_cases.h"

static int add_event(int64_t seq, const struct store_audit *row, void *ctx)
{
	(void)seq;
	text_addf(ctx, "%s %s %s %s\n", row->event, row->actor ? row->actor : "-",
		row->subject ? row->subject : "-", row->kid ? row->kid : "-");
	return 0;
}

static char *events(struct store *store)
{
	struct text t = TEXT_INIT;
	struct err err;

	assert_succeeds(store_audit_walk(store, SUITE_ISSUER, 0, INT64_MAX, add_event, &t,
		&err));
	return text_take(&t);
}

static void every_change_is_recorded(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_key key = suite_key(1);
	auto_free char *said = NULL;
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_account_annotate(store, SUITE_ISSUER, "ci", "app", "{}", "uid:7",
		SUITE_NOW, &err));
	assert_succeeds(store_account_delete(store, SUITE_ISSUER, "ci", "idle", "uid:7",
		SUITE_NOW, &err));
	assert_succeeds(store_pod_delete(store, SUITE_ISSUER, "ci", "pod", "uid:7", SUITE_NOW,
		&err));
	assert_succeeds(store_node_delete(store, SUITE_ISSUER, "n1", "uid:7", SUITE_NOW, &err));
	assert_succeeds(store_grant_remove(store, SUITE_ISSUER, 1, "uid:7", SUITE_NOW, &err));
	assert_succeeds(store_client_revoke(store, SUITE_ISSUER, "runner", "uid:7", SUITE_NOW,
		&err));
	assert_succeeds(suite_apply(store, &key, &err)); /* changes nothing: no record */
	key.remove_at = SUITE_NOW + 9;
	assert_succeeds(suite_apply(store, &key, &err));
	key.sealed = NULL;
	assert_succeeds(suite_apply(store, &key, &err));
	key.revoked_at = SUITE_NOW + 9;
	assert_succeeds(suite_apply(store, &key, &err));
	said = events(store);
	assert_string_equal(said,
		"issuer.created test - -\n"
		"key.created uid:1000 - 1-kid\n"
		"account.created uid:1000 system:serviceaccount:ci:app -\n"
		"account.created uid:1000 system:serviceaccount:ci:idle -\n"
		"node.created uid:1000 n1 -\n"
		"pod.created uid:1000 pod ci/pod -\n"
		"client.created uid:1000 runner -\n"
		"grant.added uid:1000 - -\n"
		"account.annotated uid:7 system:serviceaccount:ci:app -\n"
		"account.deleted uid:7 system:serviceaccount:ci:idle -\n"
		"pod.deleted uid:7 pod ci/pod -\n"
		"node.deleted uid:7 n1 -\n"
		"grant.removed uid:7 - -\n"
		"client.revoked uid:7 runner -\n"
		"key.changed uid:1000 - 1-kid\n"
		"key.erased uid:1000 - 1-kid\n"
		"key.revoked uid:1000 - 1-kid\n");
}

static int check_full_record(int64_t seq, const struct store_audit *row, void *ctx)
{
	(void)seq;
	(void)ctx;
	assert_int_equal(row->at, suite_record.at);
	assert_string_equal(row->event, suite_record.event);
	assert_string_equal(row->actor, suite_record.actor);
	assert_string_equal(row->auth, suite_record.auth);
	assert_string_equal(row->peer, suite_record.peer);
	assert_string_equal(row->agent, suite_record.agent);
	assert_string_equal(row->subject, suite_record.subject);
	assert_string_equal(row->audience, suite_record.audience);
	assert_true(row->asked_s == suite_record.asked_s);
	assert_int_equal(row->lifetime_s, suite_record.lifetime_s);
	assert_string_equal(row->bound, suite_record.bound);
	assert_string_equal(row->rule, suite_record.rule);
	assert_string_equal(row->jti, suite_record.jti);
	assert_string_equal(row->kid, suite_record.kid);
	assert_int_equal(row->exp, suite_record.exp);
	assert_string_equal(row->outcome, suite_record.outcome);
	assert_string_equal(row->detail, suite_record.detail);
	return 5;
}

static int check_empty_record(int64_t seq, const struct store_audit *row, void *ctx)
{
	*(int64_t *)ctx = seq;
	assert_null(row->actor);
	assert_string_equal(row->subject, "");
	assert_null(row->jti);
	assert_int_equal(row->exp, TIME_UNSET);
	return 0;
}

static void a_record_is_found_as_it_was_made(void **state)
{
	auto_store struct store *store = suite_create();
	const struct store_audit row[2] = {
		suite_record,
		{ .at = SUITE_NOW, .event = "token.refused", .subject = "" },
	};
	int64_t seq = 0;
	struct err err;

	(void)state;
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, row, 2,
		&err));
	assert_int_equal(store_audit_walk(store, SUITE_ISSUER, 1, 9, check_full_record, NULL,
				 &err),
		5);
	assert_int_equal(store_audit_walk(store, SUITE_ISSUER, 2, 9, check_empty_record, &seq,
				 &err),
		0);
	assert_int_equal(seq, 3);
}

static void records_are_appended_all_or_none(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_audit row[3] = { suite_record, { .at = SUITE_NOW }, suite_record };
	int64_t count = 0;
	struct err err;

	(void)state;
	assert_fails(ERR_BAD_INPUT,
		store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, row, 3, &err));
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 1);
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, NULL, 0,
		&err));
	row[1].event = "x";
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, row, 3,
		&err));
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 4);
}

struct counted {
	struct store *store;
	int64_t count;
	int64_t last;
};

/* Calls the store from within: no lock may be held. */
static int count_row(int64_t seq, const struct store_audit *row, void *ctx)
{
	struct counted *counted = ctx;
	struct store_pulse pulse;
	struct err err;

	(void)row;
	assert_true(seq > counted->last);
	counted->last = seq;
	counted->count++;
	assert_succeeds(store_pulse(counted->store, SUITE_ISSUER, &pulse, &err));
	return 0;
}

static void a_long_audit_is_walked_in_order_and_within_the_limit(void **state)
{
	static const int64_t limit[] = { 0, 1, 255, 256, 257, 512, 600, 601, 700 };
	auto_store struct store *store = suite_create();
	auto_free struct store_audit *rows = text_alloc(599, sizeof(*rows));
	int64_t count = 0;
	struct err err;

	(void)state;
	for (size_t i = 0; i < 599; i++)
		rows[i] = suite_record;
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, rows, 599,
		&err));
	for (size_t i = 0; i < sizeof(limit) / sizeof(limit[0]); i++) {
		struct counted counted = { .store = store };

		assert_succeeds(store_audit_walk(store, SUITE_ISSUER, 0, limit[i], count_row,
			&counted, &err));
		assert_int_equal(counted.count, limit[i] < 600 ? limit[i] : 600);
	}
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 600);
}

/* ---- tokens that are alive ---- */

static void add_token(struct store *store, const char *kid, const char *subject, unix_time exp)
{
	const struct store_audit row = { .at = SUITE_NOW,
		.event = "token.issued",
		.subject = subject,
		.audience = "[\"vault\"]",
		.kid = kid,
		.exp = exp };
	struct err err;

	assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, &row, 1,
		&err));
}

static void tokens_that_are_alive_are_counted_by_key_and_subject(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_alive_list struct store_alive_list list = { .count = 0 };
	const struct store_audit refused = {
		.at = SUITE_NOW, .event = "token.refused", .kid = "k1", .exp = SUITE_NOW + 100
	};
	int64_t count = 0;
	struct err err;

	(void)state;
	add_token(store, "k1", "b", SUITE_NOW + 10);
	add_token(store, "k1", "a", SUITE_NOW + 20);
	add_token(store, "k1", "a", SUITE_NOW + 30);
	add_token(store, "k1", "a", SUITE_NOW); /* expires now */
	add_token(store, "k2", "a", SUITE_NOW + 40);
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, &refused, 1,
		&err));
	assert_succeeds(store_alive_count(store, SUITE_ISSUER, "k1", SUITE_NOW, &count, &err));
	assert_int_equal(count, 3);
	assert_succeeds(store_alive_count(store, SUITE_ISSUER, "k1", SUITE_NOW + 20, &count,
		&err));
	assert_int_equal(count, 1);
	assert_succeeds(store_alive_list(store, SUITE_ISSUER, "k1", SUITE_NOW, &list, &err));
	assert_int_equal(list.count, 2);
	assert_string_equal(list.alive[0].subject, "a");
	assert_string_equal(list.alive[0].audience, "[\"vault\"]");
	assert_int_equal(list.alive[0].count, 2);
	assert_int_equal(list.alive[0].last_exp, SUITE_NOW + 30);
	assert_int_equal(list.alive[1].count, 1);
	assert_succeeds(store_alive_count(store, "other", "k1", SUITE_NOW, &count, &err));
	assert_int_equal(count, 0);
}

/* A key that is revoked after a signature and before its record. */
static void a_record_of_another_revision_is_refused(void **state)
{
	auto_store struct store *store = suite_create();
	const struct store_key key = suite_key(1);
	struct store_pulse pulse;
	int64_t count = 0;
	struct err err;

	(void)state;
	assert_succeeds(store_pulse(store, SUITE_ISSUER, &pulse, &err));
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, pulse.revision, &suite_record,
		1, &err));
	assert_succeeds(suite_apply(store, &key, &err));
	assert_fails(ERR_CONFLICT,
		store_audit_append(store, SUITE_ISSUER, pulse.revision, &suite_record, 1,
			&err));
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, pulse.revision + 1,
		&suite_record, 1, &err));
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 4);
}

static void two_issuers_have_two_chains(void **state)
{
	auto_store struct store *store = suite_create();
	int64_t count = 0;
	struct err err;

	(void)state;
	assert_succeeds(store_issuer_create(store, "other", "https://o.test", "test", SUITE_NOW,
		&err));
	for (int i = 0; i < 3; i++) {
		assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION,
			&suite_record, 1, &err));
		assert_succeeds(store_audit_append(store, "other", STORE_ANY_REVISION,
			&suite_record, 1, &err));
	}
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 4);
	assert_succeeds(count_records(store, "other", &count, &err));
	assert_int_equal(count, 4);
}

static void tampering_with_the_audit_shows(void **state)
{
	static const struct {
		const char *statement;
		const char *mention;
	} deed[] = {
		{ "UPDATE audit SET subject = 'else' WHERE seq = 3", "record 3 " },
		{ "UPDATE audit SET peer = '' WHERE peer IS NULL AND seq = 1", "record 1 " },
		{ "UPDATE audit SET at = at + 1 WHERE seq = 5", "record 5 " },
		{ "UPDATE audit SET exp = NULL WHERE seq = 4", "record 4 " },
		{ "DELETE FROM audit WHERE seq = 2", "record 3 " },
		{ "DELETE FROM audit WHERE seq = 5", "removed" },
		{ "UPDATE audit SET seq = 9 WHERE seq = 3", "record 4 " },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(deed) / sizeof(deed[0]); i++) {
		auto_store struct store *store = suite_create();
		int64_t count = 0;

		for (int row = 0; row < 4; row++)
			assert_succeeds(store_audit_append(store, SUITE_ISSUER,
				STORE_ANY_REVISION, &suite_record, 1, &err));
		assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
		assert_int_equal(count, 5);
		suite_sql(deed[i].statement);
		assert_fails(ERR_UNHEALTHY, count_records(store, SUITE_ISSUER, &count, &err));
		assert_mentions(err.text, deed[i].mention);
		store_close(take(store));
		suite_wipe();
	}
}

/* ---- pruning ---- */

static void add_records(struct store *store, int count)
{
	struct err err;

	for (int i = 0; i < count; i++)
		assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION,
			&suite_record, 1, &err));
}

static int prune_to(struct store *store, int64_t seq, struct err *err)
{
	const struct store_audit row = {
		.at = SUITE_NOW, .event = STORE_AUDIT_PRUNED, .outcome = "ok"
	};
	struct store_audit_mark base;
	int64_t pruned;

	if (store_audit_mark_at(store, SUITE_ISSUER, seq, &base, err) < 0)
		return -1;
	return store_audit_prune(store, SUITE_ISSUER, &base, &row, &pruned, err);
}

/* Two at once, of which the one that takes less out looks first and acts last. */
static void pruning_never_moves_the_beginning_back(void **state)
{
	auto_store struct store *store = suite_create();
	const struct store_audit row = {
		.at = SUITE_NOW, .event = STORE_AUDIT_PRUNED, .outcome = "ok"
	};
	struct store_audit_mark less;
	int64_t count;
	struct err err;

	(void)state;
	add_records(store, 9);
	assert_succeeds(store_audit_mark_at(store, SUITE_ISSUER, 4, &less, &err));
	assert_succeeds(prune_to(store, 6, &err));
	assert_succeeds(store_audit_prune(store, SUITE_ISSUER, &less, &row, &count, &err));
	assert_int_equal(count, 0);
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 10 - 6 + 1); /* and the one that says so */
}

static void prune_under_way(int64_t done, int64_t total, void *ctx)
{
	struct err err;

	if (done < total)
		assert_succeeds(prune_to(ctx, done + 2, &err));
}

/* What was pruned while a walk was on its way there is no theft. */
static void a_walk_that_a_prune_overtakes_blames_nobody(void **state)
{
	enum { ROWS = 5000 }; /* more than are looked at under one lock */
	auto_store struct store *store = suite_create();
	auto_free struct store_audit *rows = text_alloc(ROWS, sizeof(*rows));
	const struct store_audit_watch watch = { .progress = prune_under_way, .ctx = store };
	struct store_audit_proof proof;
	int64_t count;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		rows[i] = suite_record;
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, rows, ROWS,
		&err));
	assert_fails(ERR_CONFLICT,
		store_audit_verify(store, SUITE_ISSUER, &watch, &proof, &err));
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
}

static void a_trigger_that_was_put_there_does_nothing(void **state)
{
	auto_store struct store *store = suite_create();
	struct err err;
	int64_t count = 0;

	(void)state;
	suite_sql("CREATE TRIGGER hide AFTER UPDATE OF audit_seq ON issuer BEGIN "
		  "DELETE FROM audit WHERE seq = NEW.audit_seq; UPDATE issuer SET "
		  "audit_seq = OLD.audit_seq, audit_hash = OLD.audit_hash; END");
	assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION,
		&suite_record, 1, &err));
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 2);
}

static const struct CMUnitTest cases[] = {
	cmocka_unit_test(every_change_is_recorded),
	cmocka_unit_test(a_record_is_found_as_it_was_made),
	cmocka_unit_test(records_are_appended_all_or_none),
	cmocka_unit_test(a_long_audit_is_walked_in_order_and_within_the_limit),
	cmocka_unit_test(tokens_that_are_alive_are_counted_by_key_and_subject),
	cmocka_unit_test(a_record_of_another_revision_is_refused),
	cmocka_unit_test(two_issuers_have_two_chains),
	cmocka_unit_test(tampering_with_the_audit_shows),
	cmocka_unit_test(pruning_never_moves_the_beginning_back),
	cmocka_unit_test(a_walk_that_a_prune_overtakes_blames_nobody),
	cmocka_unit_test(a_trigger_that_was_put_there_does_nothing),
};

const struct CMUnitTest *suite_audit_cases(size_t *ret_count)
{
	*ret_count = sizeof(cases) / sizeof(cases[0]);
	return cases;
}
