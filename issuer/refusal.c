/* refusal.c - see refusal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "issuer/refusal.h"

/* What is needed when the record is on disk. */
struct pending {
	struct http_call *call;
	struct err why;
	struct kube_object object;
	char *kind, *name; /* of the object */
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
		log_event(LOG_ERROR, "audit.refusal_lost", "path", call->request.path, "error",
			answer->err.text, NULL);
	reply(call, &pending->why, &pending->object);
	free(pending->kind);
	free(pending->name);
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
	pending->kind = object->kind ? text_copy(object->kind) : NULL;
	pending->name = object->name ? text_copy(object->name) : NULL;
	pending->object = (struct kube_object){ object->group, pending->kind, pending->name };
	return pending;
}

static void log_refusal(const struct http_call *call, const struct refusal *refusal,
	const struct err *why)
{
	const char *actor = refusal->caller->name;
	const char *peer = call->request.peer;

	if (refusal->deed == SIGNER_REVIEW_REFUSED)
		log_event(LOG_WARN, "review.refused", "actor", actor, "peer", peer, "reason",
			why->text, NULL);
	else
		log_event(LOG_WARN, "token.refused", "actor", actor, "peer", peer, "sub",
			refusal->subject, "reason", why->text, NULL);
}

void refusal_reply(const struct gateway *gw, struct http_call *call,
	const struct refusal *refusal, const struct err *why)
{
	struct pending *pending;
	auto_free char *detail = text_format("by %s%s%s: %s", refusal->caller->how,
		refusal->bound ? ", bound to " : "", refusal->bound ? refusal->bound : "",
		why->text);
	const struct signer_request request = {
		.deed = refusal->deed,
		.subject = refusal->subject,
		.audiences = refusal->audiences,
		.actor = refusal->caller->name,
		.peer = call->request.peer,
		.outcome = kube_reason_name((enum kube_reason)why->detail),
		.detail = detail,
	};
	struct signer_reply failed = { .id = 0 };

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
