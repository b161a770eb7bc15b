/* certificate.c - see certificate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/secret.h"
#include "base/text.h"
#include "issuer/certificate.h"

#define GROUPS_MAX 64

/* ---- the chain ---- */

struct chain {
	gnutls_x509_crt_t crt[HTTP_CERTIFICATES_MAX];
	unsigned count;
};

static void chain_free(struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		gnutls_x509_crt_deinit(chain->crt[i]);
}
#define auto_chain __attribute__((cleanup(chain_free)))

static int chain_read(const struct http_blob *blobs, size_t count, struct chain *ret,
	struct err *err)
{
	for (size_t i = 0; i < count && i < HTTP_CERTIFICATES_MAX; i++) {
		const gnutls_datum_t der = { (unsigned char *)(uintptr_t)blobs[i].p,
			(unsigned)blobs[i].len };

		if (gnutls_x509_crt_init(&ret->crt[i]) < 0)
			return err_set(err, ERR_FAILED, "out of memory");
		ret->count++;
		if (gnutls_x509_crt_import(ret->crt[i], &der, GNUTLS_X509_FMT_DER) < 0)
			return err_set(err, ERR_REFUSED, "the certificate cannot be read");
	}
	return 0;
}

/* ---- its names ---- */

/* X.680 §8.4: the string types whose bytes are what they say. */
enum { TAG_UTF8 = 12, TAG_PRINTABLE = 19, TAG_IA5 = 22 };

static bool is_of_type(const gnutls_x509_ava_st *attribute, const char *oid)
{
	const char *type = (const char *)attribute->oid.data;

	return strnlen(type, attribute->oid.size) == strlen(oid) &&
		memcmp(type, oid, strlen(oid)) == 0;
}

/* Attribute `index` of this type, wherever in the subject it stands: 1, or 0 beyond the last.
 */
static int find_attribute(gnutls_x509_dn_t subject, const char *oid, unsigned index,
	gnutls_x509_ava_st *ret)
{
	for (int rdn = 0, ava = 0;; ava++) {
		const int rc = gnutls_x509_dn_get_rdn_ava(subject, rdn, ava, ret);

		if (rc == 0) {
			if (is_of_type(ret, oid) && index-- == 0)
				return 1;
		} else if (rc != GNUTLS_E_ASN1_ELEMENT_NOT_FOUND) {
			return -1;
		} else if (ava == 0) {
			return 0;
		} else {
			rdn++;
			ava = -1;
		}
	}
}

/* Part `index` of the subject with this OID; 0 if there is none, -1 if it is not a name. Byte
 * for byte: GnuTLS' own function would write it as RFC 4514 does, with backslashes. */
static int subject_part(gnutls_x509_crt_t crt, const char *oid, unsigned index,
	char ret[static NAME_USER_MAX + 1])
{
	gnutls_x509_dn_t subject;
	gnutls_x509_ava_st part;
	int rc;

	if (gnutls_x509_crt_get_subject(crt, &subject) < 0)
		return -1;
	rc = find_attribute(subject, oid, index, &part);
	if (rc <= 0)
		return rc;
	if ((part.value_tag != TAG_UTF8 && part.value_tag != TAG_PRINTABLE &&
		    part.value_tag != TAG_IA5) ||
		part.value.size == 0 || part.value.size > NAME_USER_MAX)
		return -1;
	memcpy(ret, part.value.data, part.value.size);
	ret[part.value.size] = '\0';
	/* A zero byte within would make it look like a shorter name. */
	return strlen(ret) == part.value.size ? 1 : -1;
}

static int add_groups(gnutls_x509_crt_t crt, struct user *user, struct err *err)
{
	char group[NAME_USER_MAX + 1];
	struct err no_group = ERR_INIT;

	for (unsigned i = 0;; i++) {
		const int rc = subject_part(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, i, group);

		if (rc == 0)
			return 0;
		if (rc < 0 || i == GROUPS_MAX)
			return err_set(err, ERR_REFUSED,
				"the certificate has too many Os, or an odd one");
		/* "Acme Inc" is an O, and no group that a grant could name. */
		if (name_check_user("group", group, &no_group) == 0)
			user_add_group(user, group);
	}
}

static int take_name(gnutls_x509_crt_t crt, struct user *user, struct err *err)
{
	char name[NAME_USER_MAX + 1];
	char second[NAME_USER_MAX + 1];
	struct err why = ERR_INIT;

	if (subject_part(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name) != 1 ||
		subject_part(crt, GNUTLS_OID_X520_COMMON_NAME, 1, second) != 0)
		return err_set(err, ERR_REFUSED, "the certificate does not have one CN");
	if (user_init(user, name, "certificate", &why) < 0)
		return err_set(err, ERR_REFUSED, "the certificate's CN: %s", why.text);
	if (add_groups(crt, user, &why) < 0) {
		user_free(user);
		return err_set(err, ERR_REFUSED, "%s", why.text);
	}
	return 0;
}

static void add_credential(const struct http_blob *blob, struct user *user)
{
	char hex[SECRET_HEX_LEN + 1];
	auto_free char *id = NULL;

	secret_hash_hex(blob->p, blob->len, hex);
	id = text_format("X509SHA256=%s", hex);
	user_add_extra(user, "authentication.kubernetes.io/credential-id", id);
}

int certificate_user(struct certificate_trust *trust, const struct http_blob *blobs,
	size_t count, unix_time now, struct user *ret, struct err *err)
{
	auto_chain struct chain chain = { .count = 0 };

	if (chain_read(blobs, count, &chain, err) < 0 ||
		certificate_trust_verify(trust, chain.crt, chain.count, now, err) < 0 ||
		take_name(chain.crt[0], ret, err) < 0)
		return -1;
	add_credential(&blobs[0], ret);
	return 0;
}

unix_time certificate_expires(const char *pem)
{
	const gnutls_datum_t data = { (unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem) };
	gnutls_x509_crt_t crt;
	time_t at = (time_t)-1;

	if (gnutls_x509_crt_init(&crt) < 0)
		abort(); /* only for want of memory */
	if (gnutls_x509_crt_import(crt, &data, GNUTLS_X509_FMT_PEM) == 0)
		at = gnutls_x509_crt_get_expiration_time(crt);
	gnutls_x509_crt_deinit(crt);
	return at == (time_t)-1 ? TIME_UNSET : (unix_time)at;
}
