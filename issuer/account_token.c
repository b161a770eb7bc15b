/* account_token.c - see account_token.h. What the issuer signs has all claims that are asked
 * for here, so nothing is taken for granted: a token without exp, aud or kid is none of ours.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "issuer/account_token.h"
#include "issuer/fields.h"
#include "keys/jws.h"

#define EXTRA_PREFIX "authentication.kubernetes.io/"

bool account_token_looks_so(const char *token)
{
	const char *first = strchr(token, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;

	return second && !strchr(second + 1, '.');
}

static int verify(const struct gateway *gw, const char *token, const json_t *audiences,
	struct clock_reading clock, json_t **ret, struct err *err)
{
	auto_keyring struct keyring *ring = NULL;
	struct jws_expect expect = {
		.issuer = gw->issuer->url,
		.audiences = audiences,
		.now = clock.now,
		.leeway_s = ACCOUNT_TOKEN_LEEWAY_S,
	};

	if (keyring_slot_get(gw->slot, clock, &ring, err) < 0)
		return -1;
	expect.keys = keyring_published(ring, &expect.key_count);
	return jws_verify(token, &expect, ret, err);
}

/* A string without a zero byte: one that can be compared. */
static const char *plain_string(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);
	const char *s = json_string_value(value);

	return s && strlen(s) == json_string_length(value) ? s : NULL;
}

/* Whether a member is there, and is no such string. */
static bool is_odd(const json_t *object, const char *member)
{
	return json_object_get(object, member) && !plain_string(object, member);
}

/* The parts of the kubernetes.io claim; all borrowed. */
struct claimed {
	const char *namespace;
	const char *name;
	const char *uid;
	const char *jti;
	const char *pod_name, *pod_uid;   /* NULL: not bound to a pod */
	const char *node_name, *node_uid; /* NULL: not said */
};

static int read_claims(const json_t *claims, struct claimed *ret, struct err *err)
{
	const json_t *kubernetes = fields_object(claims, "kubernetes.io");
	const json_t *account = fields_object(kubernetes, "serviceaccount");
	const json_t *pod = json_object_get(kubernetes, "pod");
	const json_t *node = json_object_get(kubernetes, "node");
	const char *sub = plain_string(claims, "sub");
	char subject[NAME_SUBJECT_MAX];
	struct err ignored = ERR_INIT;

	*ret = (struct claimed){
		.namespace = plain_string(kubernetes, "namespace"),
		.name = plain_string(account, "name"),
		.uid = plain_string(account, "uid"),
		.jti = plain_string(claims, "jti"),
		.pod_name = plain_string(pod, "name"),
		.pod_uid = plain_string(pod, "uid"),
		.node_name = plain_string(node, "name"),
		.node_uid = plain_string(node, "uid"),
	};
	if (!ret->namespace || !ret->name || !ret->uid || !sub ||
		name_check_label("namespace", ret->namespace, &ignored) < 0 ||
		name_check_subdomain("name", ret->name, &ignored) < 0)
		return err_set(err, ERR_REFUSED, "the token names no service account");
	name_subject(ret->namespace, ret->name, subject);
	if (strcmp(subject, sub) != 0)
		return err_set(err, ERR_REFUSED,
			"the token's sub is not the service account it names");
	if (is_odd(claims, "jti"))
		return err_set(err, ERR_REFUSED, "the token's jti is malformed");
	if ((pod && (!ret->pod_name || !ret->pod_uid)) ||
		(node && (!ret->node_name || is_odd(node, "uid"))))
		return err_set(err, ERR_REFUSED, "the token's binding is malformed");
	/* Secrets are none of our objects. */
	if (json_object_get(kubernetes, "secret"))
		return err_set(err, ERR_REFUSED, "service account token has been invalidated");
	return 0;
}

/* What the store does not have any more is a refusal like any other. */
static int gone(const char *text, struct err *err)
{
	return err->code == ERR_NOT_FOUND ? err_set(err, ERR_REFUSED, "%s", text) : -1;
}

static int check_account(const struct gateway *gw, const struct claimed *claimed,
	struct err *err)
{
	auto_free char *missing =
		text_format("serviceaccounts \"%s\" not found", claimed->name);
	auto_store_account struct store_account account = { .annotations = NULL };

	if (store_account_get(gw->store, gw->issuer->name, claimed->namespace, claimed->name,
		    &account, err) < 0)
		return gone(missing, err);
	if (strcmp(account.uid, claimed->uid) == 0)
		return 0;
	return err_set(err, ERR_REFUSED,
		"service account UID (%s) does not match claim (%.64s)", account.uid,
		claimed->uid);
}

static int check_pod(const struct gateway *gw, const struct claimed *claimed, struct err *err)
{
	auto_store_pod struct store_pod pod = { .audience_count = 0 };

	if (store_pod_get(gw->store, gw->issuer->name, claimed->namespace, claimed->pod_name,
		    &pod, err) < 0)
		return gone("service account token has been invalidated", err);
	if (claimed->pod_uid && strcmp(pod.uid, claimed->pod_uid) == 0)
		return 0;
	return err_set(err, ERR_REFUSED,
		"pod UID (%s) does not match service account pod ref claim (%.64s)", pod.uid,
		claimed->pod_uid ? claimed->pod_uid : "");
}

/* Only of tokens that are bound to the node itself: a pod's node may come and go. */
static int check_node(const struct gateway *gw, const struct claimed *claimed, struct err *err)
{
	struct store_node node;

	if (store_node_get(gw->store, gw->issuer->name, claimed->node_name, &node, err) < 0)
		return gone("service account token has been invalidated", err);
	if (claimed->node_uid && strcmp(node.uid, claimed->node_uid) == 0)
		return 0;
	return err_set(err, ERR_REFUSED,
		"node UID (%s) does not match service account node ref claim (%.64s)", node.uid,
		claimed->node_uid ? claimed->node_uid : "");
}

static int check_objects(const struct gateway *gw, const struct claimed *claimed,
	struct err *err)
{
	if (check_account(gw, claimed, err) < 0)
		return -1;
	if (claimed->pod_name)
		return check_pod(gw, claimed, err);
	return claimed->node_name ? check_node(gw, claimed, err) : 0;
}

static void add_extra(struct user *user, const char *name, const char *value)
{
	auto_free char *key = text_format(EXTRA_PREFIX "%s", name);

	if (value)
		user_add_extra(user, key, value);
}

static int fill(const struct claimed *claimed, struct user *ret, struct err *err)
{
	auto_free char *of_namespace =
		text_format("system:serviceaccounts:%s", claimed->namespace);
	auto_free char *credential = claimed->jti ? text_format("JTI=%s", claimed->jti) : NULL;
	char subject[NAME_SUBJECT_MAX];

	name_subject(claimed->namespace, claimed->name, subject);
	if (user_init(ret, subject, "service account token", err) < 0)
		return -1;
	(void)text_fit(ret->uid, sizeof(ret->uid), claimed->uid); /* as the store has it */
	user_add_group(ret, "system:serviceaccounts");
	user_add_group(ret, of_namespace);
	add_extra(ret, "credential-id", credential);
	add_extra(ret, "node-name", claimed->node_name);
	add_extra(ret, "node-uid", claimed->node_uid);
	add_extra(ret, "pod-name", claimed->pod_name);
	add_extra(ret, "pod-uid", claimed->pod_uid);
	return 0;
}

int account_token_user(const struct gateway *gw, const char *token, const json_t *audiences,
	struct clock_reading clock, struct user *ret, json_t **ret_audiences, struct err *err)
{
	json_auto_t *claims = NULL;
	struct claimed claimed;

	if (verify(gw, token, audiences, clock, &claims, err) < 0 ||
		read_claims(claims, &claimed, err) < 0 ||
		check_objects(gw, &claimed, err) < 0 || fill(&claimed, ret, err) < 0)
		return -1;
	user_add_group(ret, USER_AUTHENTICATED);
	*ret_audiences = jws_common_audiences(json_object_get(claims, "aud"), audiences);
	return 0;
}
