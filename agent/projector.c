/* projector.c - see projector.h. What is told about it is in projector_tell.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent/issuer_client.h"
#include "agent/projector.h"
#include "agent/projector_state.h"
#include "base/auto.h"
#include "base/num.h"
#include "base/text.h"

#define LONGEST_WAIT_S 86400
#define PLACES_LOOK_S  300 /* between two looks whether the files are still there */

/* ---- the configuration ---- */

static void attach(struct projector_set *set, struct agent_conf *conf)
{
	set->conf = conf;
	set->count = conf->projection_count;
	set->held = text_alloc(set->count, sizeof(*set->held));
	for (size_t i = 0; i < set->count; i++)
		set->held[i].conf = &conf->projections[i];
	set->volumes = volume_group(set->held, set->count, &set->volume_count);
}

static void detach(struct projector_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		held_clear(&set->held[i]);
	free(set->held);
	volume_free_all(set->volumes, set->volume_count);
	agent_conf_free(set->conf);
}

struct projector *projector_new(struct agent_conf *conf)
{
	struct projector *p = text_alloc(1, sizeof(*p));

	if (pthread_mutex_init(&p->lock, NULL) != 0)
		abort();
	attach(&p->set, conf);
	return p;
}

void projector_free(struct projector *p)
{
	if (!p)
		return;
	detach(&p->set);
	(void)pthread_mutex_destroy(&p->lock); /* nobody holds it */
	free(p);
}

/* Takes over a token of the old set that `h` may have, from the same file or from any. */
static void adopt_token(struct held *h, struct projector_set *from, bool from_same_file)
{
	for (size_t j = 0; j < from->count; j++) {
		struct held *old = &from->held[j];
		const bool is_same_file = held_is_in_same_file(h->conf, old->conf);

		if (!old->token.token || is_same_file != from_same_file ||
			!held_is_for_same(h->conf, old->conf) ||
			(!is_same_file && !held_has_same_readers(h->conf, old->conf)))
			continue;
		held_adopt(h, old);
		h->is_written = h->is_written && is_same_file;
		return;
	}
}

/* Tokens that are in the right file already need no other one; and they go first, so that no
 * other projection of the same service account takes them. A file whose name changed is written
 * anew, with the token there is, unless others read it now or it is for another role: who has
 * the old token must not get with it what is the new one's. */
static void adopt_tokens(struct projector_set *to, struct projector_set *from)
{
	for (size_t i = 0; i < to->count; i++)
		adopt_token(&to->held[i], from, true);
	for (size_t i = 0; i < to->count; i++)
		if (!to->held[i].token.token)
			adopt_token(&to->held[i], from, false);
}

static bool has_place(const struct projector_set *set, const struct volume *wanted)
{
	for (size_t i = 0; i < set->volume_count; i++)
		if (strcmp(volume_place(&set->volumes[i]), volume_place(wanted)) == 0)
			return true;
	return false;
}

/* A file that is no longer in a directory leaves it when the others are written. */
static void note_gone_files(struct projector_set *to, const struct projector_set *from)
{
	for (size_t i = 0; i < to->volume_count; i++)
		for (size_t j = 0; j < from->volume_count; j++)
			if (from->volumes[j].count > to->volumes[i].count &&
				strcmp(volume_place(&to->volumes[i]),
					volume_place(&from->volumes[j])) == 0)
				to->volumes[i].members[0]->is_written = false;
}

static void remove_volume(const struct volume *v)
{
	struct err err = ERR_INIT;

	if (volume_remove(v, &err) < 0)
		log_event(LOG_WARN, "tokens.remove_failed", "error", err.text, NULL);
	else
		log_event(LOG_INFO, "tokens.removed", "place", volume_place(v), NULL);
}

/* `old` is a copy of the set in force, and all that is left of it. */
static void replace_set(struct projector *p, struct agent_conf *conf, struct projector_set *old)
{
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);

	attach(&p->set, conf);
	adopt_tokens(&p->set, old);
	note_gone_files(&p->set, old);
	p->server_retry = (struct held_retry){ .failures = 0 };
}

void projector_reload(struct projector *p, struct agent_conf *conf)
{
	struct projector_set old = p->set;

	replace_set(p, conf, &old);
	for (size_t i = 0; i < old.volume_count; i++)
		if (!has_place(&p->set, &old.volumes[i]))
			remove_volume(&old.volumes[i]);
	detach(&old);
}

void projector_remove(struct projector *p)
{
	for (size_t i = 0; i < p->set.volume_count; i++)
		remove_volume(&p->set.volumes[i]);
}

/* ---- asking ---- */

/* One pass, and what it needs on its way. */
struct pass {
	struct projector *p;
	const atomic_bool *is_cancelled;
	struct issuer_client *client; /* NULL until somebody asks */
	bool is_changed;
};

static bool may_go_on(struct pass *pass)
{
	atomic_store(&pass->p->heartbeat_ms, clock_monotonic_ms());
	return !atomic_load(pass->is_cancelled);
}

/* Takes all questions together: they go to one server. */
static void fail_server(struct pass *pass, int64_t asked_s, const struct err *err)
{
	struct projector *p = pass->p;
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);

	held_retry_later(&p->server_retry, clock_read(), asked_s);
	p->server_code = err->code;
	(void)text_fit(p->server_error, sizeof(p->server_error), err->text); /* of one size */
	metrics_add(&p->numbers.tokens_failed, 1);
	pass->is_changed = true;
	log_trouble(&p->server_trouble, "server.failed", err);
}

static void fail_token(struct pass *pass, struct held *h, struct err *err)
{
	struct held_failure *failure;
	auto_unlock pthread_mutex_t *lock = auto_lock(&pass->p->lock);

	held_retry_later(&h->retry, clock_read(), 0);
	err_add_(err, "%s for %s", h->conf->service_account, h->conf->audience);
	metrics_add(err->code == ERR_REFUSED ? &pass->p->numbers.tokens_refused
					     : &pass->p->numbers.tokens_failed,
		1);
	pass->is_changed = true;
	failure = held_fail(&h->failure, err);
	log_trouble(&failure->trouble, "token.failed", err);
}

/* Its life is counted from `since`, when it was asked for, whatever the clock has done then. */
static void take_token(struct pass *pass, struct held *h, struct token_answer *token,
	struct clock_reading since)
{
	struct projector *p = pass->p;
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);

	held_take(h, token, since);
	held_recover(&h->failure);
	p->server_retry = (struct held_retry){ .failures = 0 };
	p->server_code = ERR_NONE;
	p->server_error[0] = '\0';
	log_trouble_over(&p->server_trouble);
	metrics_add(&p->numbers.tokens_ok, 1);
	pass->is_changed = true;
}

/* The client of this pass; on failure all of it has to wait. */
static struct issuer_client *client_of(struct pass *pass)
{
	struct err err = ERR_INIT;

	if (!pass->client &&
		issuer_client_new(&pass->p->set.conf->server, pass->is_cancelled, &pass->client,
			&err) < 0)
		fail_server(pass, 0, &err);
	return pass->client;
}

static void ask(struct pass *pass, struct held *h)
{
	struct issuer_client *client = client_of(pass);
	struct token_answer token = { .token = NULL };
	struct err err = ERR_INIT;
	const struct clock_reading since = clock_read();
	const int64_t started = clock_monotonic_us();
	int64_t asked_s = 0;

	if (!client)
		return;
	if (issuer_client_token(client, h->conf, &token, &asked_s, &err) == 0)
		take_token(pass, h, &token, since);
	else if (atomic_load(pass->is_cancelled))
		return; /* that is why */
	else if (err.code == ERR_BUSY)
		fail_server(pass, asked_s, &err);
	else
		fail_token(pass, h, &err);
	metrics_observe(&pass->p->numbers.durations, &metrics_seconds,
		clock_monotonic_us() - started);
}

static void ask_for_volume(struct pass *pass, const struct volume *v)
{
	for (size_t i = 0; i < v->count; i++) {
		struct held *h = v->members[i];

		if (!may_go_on(pass))
			return;
		/* The clock is read each time: a pass over many can take long. */
		if (held_due_in(h, clock_read()) == 0 &&
			held_retry_in(&pass->p->server_retry, clock_read()) == 0)
			ask(pass, h);
	}
}

/* ---- writing ---- */

static void log_written(const struct volume *v, bool is_changed)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct held *h = v->members[i];
		auto_free char *file = agent_conf_file(h->conf);

		if (!h->is_written)
			log_event(LOG_INFO, "token.projected", "sa", h->conf->service_account,
				"aud", h->conf->audience, "jti", h->token.jti, "kid",
				h->token.kid, "exp", text_time(h->token.expires_at).s, "file",
				file, "swapped", is_changed ? "yes" : "no", NULL);
	}
}

/* Somebody may have removed it: kubelet, too, puts it right at its next look. */
static void look_at_place(struct pass *pass, struct volume *v)
{
	const struct held *first = v->members[0];
	auto_unlock pthread_mutex_t *lock = NULL;

	for (size_t i = 0; i < v->count; i++)
		if (!v->members[i]->is_written)
			return; /* it will be */
	if (volume_is_in_place(v))
		return;
	lock = auto_lock(&pass->p->lock);
	log_event(LOG_WARN, "tokens.gone", "place", volume_place(v), "sa",
		first->conf->service_account, NULL);
	v->members[0]->is_written = false;
	pass->is_changed = true;
}

static void write_volume(struct pass *pass, struct volume *v)
{
	struct clock_reading now = clock_read();
	struct projector *p = pass->p;
	struct held_failure *failure;
	struct err err = ERR_INIT;
	bool is_changed = false;
	int rc;

	if (!volume_is_due(v, now))
		return;
	rc = volume_write(v, now.now, &is_changed, &err);
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);
	pass->is_changed = true;
	if (rc < 0) {
		held_retry_later(&v->retry, now, 0);
		metrics_add(&p->numbers.writes_failed, 1);
		failure = held_fail(&v->failure, &err);
		log_trouble(&failure->trouble, "tokens.write_failed", &err);
		return;
	}
	log_written(v, is_changed);
	for (size_t i = 0; i < v->count; i++) {
		if (!v->members[i]->is_written)
			v->members[i]->written_at = now.now;
		v->members[i]->is_written = true;
	}
	v->retry = (struct held_retry){ .failures = 0 };
	held_recover(&v->failure);
	metrics_add(&p->numbers.writes_ok, 1);
}

/* ---- keys that are gone ---- */

/* The kids of all tokens, each once; `ret` has room for all. */
static size_t collect_kids(const struct projector *p, const char **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < p->set.count; i++) {
		const char *kid = p->set.held[i].token.token ? p->set.held[i].token.kid : "";
		size_t j = 0;

		while (j < n && strcmp(ret[j], kid) != 0)
			j++;
		if (j == n && kid[0] != '\0' && !p->set.held[i].is_key_gone)
			ret[n++] = kid;
	}
	return n;
}

static void mark_gone(struct pass *pass, const char *kid)
{
	struct projector *p = pass->p;
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);

	log_event(LOG_WARN, "key.gone", "kid", kid, NULL);
	for (size_t i = 0; i < p->set.count; i++)
		if (p->set.held[i].token.token && strcmp(p->set.held[i].token.kid, kid) == 0) {
			p->set.held[i].is_key_gone = true;
			metrics_add(&p->numbers.keys_gone, 1);
		}
	pass->is_changed = true;
}

/* Seconds until the keys are to be looked at; 0 or less: now. */
static int64_t keys_in(const struct projector *p, struct clock_reading now)
{
	const int64_t check_s = p->set.conf->server.keys_check.s;

	if (check_s == 0)
		return LONGEST_WAIT_S;
	return num_max(held_retry_in(&p->server_retry, now),
		check_s - refresh_age(p->keys_seen, now));
}

/* A revoked key leaves the JWKS at once; a token of it is worth nothing to those who look. What
 * a refresh brings may have the same kid, if some cache is behind: that is asked for again only
 * at the next look. */
static void look_at_keys(struct pass *pass)
{
	struct projector *p = pass->p;
	auto_free const char **kids = text_alloc(p->set.count, sizeof(*kids));
	auto_free bool *is_missing = text_alloc(p->set.count, sizeof(*is_missing));
	const size_t count = collect_kids(p, kids);
	struct issuer_client *client;
	struct err err = ERR_INIT;

	p->keys_seen = clock_read();
	client = count > 0 ? client_of(pass) : NULL;
	if (!client)
		return;
	if (issuer_client_find_missing(client, kids, count, is_missing, &err) < 0) {
		if (atomic_load(pass->is_cancelled))
			return; /* that is why */
		log_trouble(&p->keys_trouble, "keys.unseen", &err);
		return;
	}
	log_trouble_over(&p->keys_trouble);
	for (size_t i = 0; i < count; i++)
		if (is_missing[i])
			mark_gone(pass, kids[i]);
}

/* ---- all of it ---- */

static int64_t next_in(const struct projector *p, struct clock_reading now)
{
	const int64_t server_in = held_retry_in(&p->server_retry, now);
	int64_t next = LONGEST_WAIT_S;

	for (size_t i = 0; i < p->set.count; i++)
		next = num_min(next, num_max(server_in, held_due_in(&p->set.held[i], now)));
	for (size_t i = 0; i < p->set.volume_count; i++)
		if (p->set.volumes[i].retry.failures > 0)
			next = num_min(next, held_retry_in(&p->set.volumes[i].retry, now));
	if (p->set.count > 0)
		next = num_min(next, keys_in(p, now));
	if (p->set.count > 0)
		next = num_min(next, PLACES_LOOK_S);
	return num_max(next, 1);
}

/* Would asking again change nothing? */
static bool is_final(enum err_code code)
{
	return code == ERR_REFUSED || code == ERR_BAD_INPUT || code == ERR_NOT_FOUND;
}

/* As of `began`: what became due on the way is due at once, and so is what a clock that was set
 * on the way may have changed. */
static void sum_up(const struct projector *p, struct clock_reading began,
	struct projector_pass *ret)
{
	for (size_t i = 0; i < p->set.count; i++) {
		const struct held *h = &p->set.held[i];

		if (held_is_good(h, began) && h->is_written)
			ret->good++;
		else if (h->token.token || (h->failure && is_final(h->failure->code)) ||
			is_final(p->server_code))
			ret->lost++;
		else
			ret->missing++;
	}
	ret->at = began;
	ret->next_in_s = next_in(p, began);
}

struct projector_pass projector_pass(struct projector *p, const atomic_bool *is_cancelled)
{
	struct pass pass = { .p = p, .is_cancelled = is_cancelled };
	struct projector_pass ret = { .good = 0 };
	const struct clock_reading began = clock_read();

	if (p->keys_seen.now == TIME_UNSET)
		p->keys_seen = began; /* new tokens are of keys that are there */
	if (keys_in(p, began) <= 0)
		look_at_keys(&pass);
	for (size_t i = 0; i < p->set.volume_count && may_go_on(&pass); i++) {
		ask_for_volume(&pass, &p->set.volumes[i]);
		look_at_place(&pass, &p->set.volumes[i]);
		write_volume(&pass, &p->set.volumes[i]);
	}
	issuer_client_free(pass.client);
	sum_up(p, began, &ret);
	ret.is_changed = pass.is_changed;
	ret.is_server_well = p->server_code == ERR_NONE;
	return ret;
}

int64_t projector_heartbeat(const struct projector *p)
{
	return atomic_load(&p->heartbeat_ms);
}
