/* name.h - what a name may look like, as Kubernetes rules it, so that every subject we mint is
 * one a cluster could have minted.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>

#include "base/err.h"

#define NAME_LABEL_MAX     63  /* RFC 1123 label: namespaces, issuers */
#define NAME_SUBDOMAIN_MAX 253 /* RFC 1123 subdomain: service accounts, nodes, pods */
#define NAME_UID_MAX       64
#define NAME_USER_MAX      339 /* a caller's name or group; a service account's own fits */
#define NAME_AUDIENCE_MAX  255 /* AWS IAM's own limit for a client ID */

/* Each is 0, or ERR_BAD_INPUT with a text that names `what`. Users and audiences are printable
 * ASCII without blanks. */
int name_check_label(const char *what, const char *s, struct err *err);
int name_check_subdomain(const char *what, const char *s, struct err *err);
/* A Kubernetes UID: a UUID, or whatever else of letters, digits and dashes. */
int name_check_uid(const char *what, const char *s, struct err *err);
int name_check_user(const char *what, const char *s, struct err *err);
int name_check_audience(const char *what, const char *s, struct err *err);

/* system:serviceaccount:NAMESPACE:NAME, the `sub` of a service account. */
#define NAME_SUBJECT_PREFIX "system:serviceaccount:"
#define NAME_SUBJECT_MAX    (sizeof(NAME_SUBJECT_PREFIX ":") + NAME_LABEL_MAX + NAME_SUBDOMAIN_MAX)
void name_subject(const char *namespace, const char *name, char ret[NAME_SUBJECT_MAX]);

/* Groups that come by themselves: of everybody who is known, and of all service accounts; with
 * ":NAMESPACE" behind it, of those of one namespace. */
#define NAME_GROUP_KNOWN    "system:authenticated"
#define NAME_GROUP_ACCOUNTS "system:serviceaccounts"

/* A pattern of a label or subdomain: the same characters and '*', which stands for any run. */
int name_check_pattern(const char *what, const char *s, struct err *err);
bool name_matches(const char *pattern, const char *s);

/* Splits "NAMESPACE/NAME" and checks both halves (as patterns if `patterns`). The outputs hold
 * NAME_LABEL_MAX + 1 and NAME_SUBDOMAIN_MAX + 1 bytes. */
int name_split(const char *s, bool patterns, char *ret_namespace, char *ret_name,
	struct err *err);

#endif
