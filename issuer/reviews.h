/* reviews.h - POST .../tokenreviews: is this token good, and whose is it? And .../
 * selfsubjectreviews: who am I? Source: kubernetes/kubernetes v1.36,
 * pkg/registry/authentication/{tokenreview,selfsubjectreview}.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef REVIEWS_H
#define REVIEWS_H

#include "issuer/gateway.h"
#include "issuer/user.h"
#include "serve/http.h"

/* Each replies now, or suspends the call until a refusal is recorded. Takes over `caller`. */
void reviews_token_v1(const struct gateway *gw, struct http_call *call, struct user *caller,
	const char *const *params, struct clock_reading clock);
void reviews_token_v1beta1(const struct gateway *gw, struct http_call *call,
	struct user *caller, const char *const *params, struct clock_reading clock);
void reviews_self(const struct gateway *gw, struct http_call *call, struct user *caller,
	const char *const *params, struct clock_reading clock);

#endif
