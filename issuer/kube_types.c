/* kube_types.c - see kube_types.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "issuer/kube_types.h"

static const struct field owner_reference[] = {
	{ "apiVersion", FIELD_STRING_ALWAYS, NULL },
	{ "kind", FIELD_STRING_ALWAYS, NULL },
	{ "name", FIELD_STRING_ALWAYS, NULL },
	{ "uid", FIELD_STRING_ALWAYS, NULL },
	{ "controller", FIELD_BOOL_GIVEN, NULL },
	{ "blockOwnerDeletion", FIELD_BOOL_GIVEN, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field managed_fields[] = {
	{ "manager", FIELD_STRING, NULL },
	{ "operation", FIELD_STRING, NULL },
	{ "apiVersion", FIELD_STRING, NULL },
	{ "time", FIELD_TIME, NULL },
	{ "fieldsType", FIELD_STRING, NULL },
	{ "fieldsV1", FIELD_ANY, NULL },
	{ "subresource", FIELD_STRING, NULL },
	{ NULL, FIELD_ANY, NULL },
};

/* What is the server's to say where objects are stored. A subresource keeps it. */
#define METADATA_SYSTEM                                                                        \
	{ "selfLink", FIELD_STRING, NULL }, { "deletionTimestamp", FIELD_TIME, NULL },         \
	{                                                                                      \
		"deletionGracePeriodSeconds", FIELD_INT64_GIVEN, NULL                          \
	}

#define METADATA_ECHO                                                                          \
	{ "name", FIELD_STRING, NULL }, { "generateName", FIELD_STRING, NULL },                \
		{ "resourceVersion", FIELD_STRING, NULL },                                     \
		{ "generation", FIELD_INT64, NULL }, { "labels", FIELD_STRING_MAP, NULL },     \
		{ "annotations", FIELD_STRING_MAP, NULL },                                     \
		{ "ownerReferences", FIELD_OBJECTS, owner_reference },                         \
	{                                                                                      \
		"finalizers", FIELD_STRINGS, NULL                                              \
	}

const struct field kube_token_request_metadata[] = { METADATA_SYSTEM, METADATA_ECHO,
	{ NULL, FIELD_ANY, NULL } };

const struct field kube_token_review_metadata[] = { METADATA_ECHO, { NULL, FIELD_ANY, NULL } };

static const struct field metadata[] = { METADATA_SYSTEM, METADATA_ECHO,
	{ "namespace", FIELD_STRING, NULL }, { "uid", FIELD_STRING, NULL },
	{ "creationTimestamp", FIELD_TIME, NULL },
	{ "managedFields", FIELD_OBJECTS, managed_fields }, { NULL, FIELD_ANY, NULL } };

/* ---- TokenRequest ---- */

const struct field kube_bound_object_reference[] = {
	{ "kind", FIELD_STRING, NULL },
	{ "apiVersion", FIELD_STRING, NULL },
	{ "name", FIELD_STRING, NULL },
	{ "uid", FIELD_STRING, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field token_request_spec[] = {
	{ "audiences", FIELD_STRINGS, NULL },
	{ "expirationSeconds", FIELD_INT64, NULL },
	{ "boundObjectRef", FIELD_OBJECT, kube_bound_object_reference },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field token_request_status[] = {
	{ "token", FIELD_STRING, NULL },
	{ "expirationTimestamp", FIELD_TIME, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field token_request[] = {
	{ "apiVersion", FIELD_STRING, NULL },
	{ "kind", FIELD_STRING, NULL },
	{ "metadata", FIELD_OBJECT, metadata },
	{ "spec", FIELD_OBJECT, token_request_spec },
	{ "status", FIELD_OBJECT, token_request_status },
	{ NULL, FIELD_ANY, NULL },
};

const struct kube_type kube_token_request = { "TokenRequest", { "v1", NULL }, token_request };

/* ---- TokenReview ---- */

static const struct field user_info[] = {
	{ "username", FIELD_STRING, NULL },
	{ "uid", FIELD_STRING, NULL },
	{ "groups", FIELD_STRINGS, NULL },
	{ "extra", FIELD_ANY, NULL },
	{ NULL, FIELD_ANY, NULL },
};

const struct field kube_token_review_spec[] = {
	{ "token", FIELD_STRING, NULL },
	{ "audiences", FIELD_STRINGS, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field token_review_status[] = {
	{ "authenticated", FIELD_BOOL, NULL },
	{ "user", FIELD_OBJECT, user_info },
	{ "audiences", FIELD_STRINGS, NULL },
	{ "error", FIELD_STRING, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field token_review[] = {
	{ "apiVersion", FIELD_STRING, NULL },
	{ "kind", FIELD_STRING, NULL },
	{ "metadata", FIELD_OBJECT, metadata },
	{ "spec", FIELD_OBJECT, kube_token_review_spec },
	{ "status", FIELD_OBJECT, token_review_status },
	{ NULL, FIELD_ANY, NULL },
};

const struct kube_type kube_token_review = { "TokenReview", { "v1", "v1beta1", NULL },
	token_review };

/* ---- SelfSubjectReview ---- */

static const struct field self_subject_review_status[] = {
	{ "userInfo", FIELD_OBJECT, user_info },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field self_subject_review[] = {
	{ "apiVersion", FIELD_STRING, NULL },
	{ "kind", FIELD_STRING, NULL },
	{ "metadata", FIELD_OBJECT, metadata },
	{ "status", FIELD_OBJECT, self_subject_review_status },
	{ NULL, FIELD_ANY, NULL },
};

const struct kube_type kube_self_subject_review = { "SelfSubjectReview", { "v1", NULL },
	self_subject_review };
