/* refusal.c - see refusal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/name.h"
#include "base/text.h"
#include "issuer/refusal.h"

#define AUDIENCES_RECORDED 16 /* of those that were asked for */

/* What is needed when the record is on disk. */
struct pending {
	struct http_call *call;
	struct err why;
	struct kube_object object;
	char *kind, *name; /* of the object */
	char *actor;
};

/* 406 has details, and nothing in them. */
static void reply(struct http_call *call, const struct err *why,
	const struct kube_object *object)
{
	kube_reply_error(call, why,
		object->kind || why->detail == KUBE_NOT_ACCEPTABLE ? object : NULL);
}

/* On the signer's thread. The row is on disk, or could not be written: nothing is let out
 * either way. */
static void on_recorded(void *ctx, struct signer_reply *answer)
{
	struct pending *pending = ctx;
	struct http_call *call = pending->call;

	if (answer->err.code != ERR_NONE)
		log_event(LOG_ERROR, "audit.refusal_lost", "id", http_id(call), "actor",
			pending->actor, "path", call->request.path, "error", answer->err.text,
			NULL);
	reply(call, &pending->why, &pending->object);
	free(pending->kind);
	free(pending->name);
	free(pending->actor);
	free(pending);
	http_resume(call);
}

static struct pending *pending_of(struct http_call *call, const struct refusal *refusal,
	const struct err *why)
{
	struct pending *pending = text_alloc(1, sizeof(*pending));
	const struct kube_object *object = refusal->object;

	pending->call = call;
	pending->why = *why;
	pending->actor = text_copy(refusal->caller->name);
	pending->kind = object->kind ? text_copy(object->kind) : NULL;
	pending->name = object->name ? text_copy(object->name) : NULL;
	pending->object = (struct kube_object){ object->group, pending->kind, pending->name };
	return pending;
}

/* What a caller asked for may be more than a record can take: the first of them, cut. */
static json_t *some_of(const json_t *audiences)
{
	json_t *list = audiences ? json_array() : NULL;
	const json_t *one;
	size_t i;

	json_array_foreach(audiences, i, one)
	{
		auto_free char *text = strndup(json_string_value(one), NAME_AUDIENCE_MAX);

		if (!text)
			abort();
		if (i == AUDIENCES_RECORDED) {
			(void)json_array_append_new(list,
				json_sprintf("... %zu in all", json_array_size(audiences)));
			break;
		}
		text_clean(text);
		(void)json_array_append_new(list, json_string(text));
	}
	return list;
}

static void log_refusal(const struct http_call *call, const struct refusal *refusal,
	const struct err *why)
{
	const char *actor = refusal->caller->name;
	const char *peer = call->request.peer;

	if (refusal->deed == SIGNER_REVIEW_REFUSED)
		log_event(LOG_WARN, "review.refused", "id", http_id(call), "actor", actor,
			"peer", peer, "sub", refusal->subject, "rule", refusal->rule, "reason",
			why->text, NULL);
	else
		log_event(LOG_WARN, "token.refused", "id", http_id(call), "actor", actor,
			"peer", peer, "sub", refusal->subject, "rule", refusal->rule, "reason",
			why->text, NULL);
}

void refusal_reply(const struct gateway *gw, struct http_call *call,
	const struct refusal *refusal, const struct err *why)
{
	json_auto_t *audiences = some_of(refusal->audiences);
	auto_free char *agent = http_agent(call);
	const struct signer_request request = {
		.deed = refusal->deed,
		.subject = refusal->subject,
		.rule = refusal->rule,
		.audiences = audiences,
		.bound = refusal->bound,
		.asked_s = refusal->asked_s,
		.outcome = kube_reason_name((enum kube_reason)why->detail),
		.detail = why->text,
		.actor = refusal->caller->name,
		.auth = refusal->caller->how,
		.peer = call->request.peer,
		.agent = agent,
	};
	struct signer_reply failed = { .id = 0 };
	struct pending *pending;

	if (why->code != ERR_REFUSED) {
		reply(call, why, refusal->object);
		return;
	}
	log_refusal(call, refusal, why);
	pending = pending_of(call, refusal, why);
	http_suspend(call);
	if (signer_ask(gw->signer, &request, on_recorded, pending, &failed.err) < 0)
		on_recorded(pending, &failed);
}
