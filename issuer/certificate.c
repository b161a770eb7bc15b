/* certificate.c - see certificate.h. GnuTLS verifies: it is in the process already, with
 * libmicrohttpd.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "issuer/certificate.h"

#define TRUST_BYTES_MAX (4 * 1024 * 1024) /* of one file; revocation lists grow */
#define GROUPS_MAX      64

/* What tells one version of a file from another. */
struct version {
	struct timespec mtime;
	off_t size;
	ino_t ino;
};

/* What was read of both files. */
struct trusted {
	gnutls_x509_trust_list_t list; /* owns all CAs and lists */
	gnutls_x509_crt_t *cas;
	gnutls_x509_crl_t *crls;
	unsigned ca_count, crl_count;
};

struct certificate_trust {
	char *ca_path;
	char *crl_path;        /* NULL: none */
	pthread_rwlock_t lock; /* guards: */
	struct trusted trusted;
	struct version ca, crl; /* the refresher's own */
};

static struct version version_of(const char *path)
{
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return (struct version){ .size = -1 };
	return (struct version){ st.st_mtim, st.st_size, st.st_ino };
}

static bool is_same(const struct version *a, const struct version *b)
{
	return a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
		a->size == b->size && a->ino == b->ino;
}

static void trusted_free(struct trusted *trusted)
{
	if (trusted->list)
		gnutls_x509_trust_list_deinit(trusted->list, 1);
	gnutls_free(trusted->cas);
	gnutls_free(trusted->crls);
	*trusted = (struct trusted){ .ca_count = 0 };
}
#define auto_trusted __attribute__((cleanup(trusted_free)))

static int add_cas(struct trusted *trusted, const char *path, struct err *err)
{
	auto_free char *pem = NULL;
	gnutls_datum_t datum = { .size = 0 };
	size_t len;

	if (file_read(path, TRUST_BYTES_MAX, &pem, &len, err) < 0)
		return -1;
	datum.data = (unsigned char *)pem;
	datum.size = (unsigned)len;
	if (gnutls_x509_crt_list_import2(&trusted->cas, &trusted->ca_count, &datum,
		    GNUTLS_X509_FMT_PEM, 0) < 0)
		return err_set(err, ERR_BAD_INPUT, "'%s' holds no certificate in PEM", path);
	if (gnutls_x509_trust_list_add_cas(trusted->list, trusted->cas, trusted->ca_count, 0) !=
		(int)trusted->ca_count)
		return err_set(err, ERR_FAILED, "could not trust the certificates in '%s'",
			path);
	return 0;
}

/* A list that is out of date is one all the same: what it revokes is revoked. */
static bool is_signed_by(gnutls_x509_crl_t crl, const gnutls_x509_crt_t *ca)
{
	const unsigned outdated = GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED;
	unsigned status = 0;

	return gnutls_x509_crl_verify(crl, ca, 1, 0, &status) >= 0 &&
		(status == 0 || status == outdated);
}

static bool is_ours(const struct trusted *trusted, gnutls_x509_crl_t crl)
{
	for (unsigned i = 0; i < trusted->ca_count; i++)
		if (is_signed_by(crl, &trusted->cas[i]))
			return true;
	return false;
}

/* A list by somebody else would make a revoked certificate good again. */
static int add_crls(struct trusted *trusted, const char *path, struct err *err)
{
	auto_free char *pem = NULL;
	gnutls_datum_t datum = { .size = 0 };
	size_t len;

	if (file_read(path, TRUST_BYTES_MAX, &pem, &len, err) < 0)
		return -1;
	datum.data = (unsigned char *)pem;
	datum.size = (unsigned)len;
	if (gnutls_x509_crl_list_import2(&trusted->crls, &trusted->crl_count, &datum,
		    GNUTLS_X509_FMT_PEM, 0) < 0)
		return err_set(err, ERR_BAD_INPUT,
			"'%s' holds no certificate revocation list in PEM", path);
	if (gnutls_x509_trust_list_add_crls(trusted->list, trusted->crls, trusted->crl_count, 0,
		    0) != (int)trusted->crl_count)
		return err_set(err, ERR_FAILED, "could not use the lists in '%s'", path);
	for (unsigned i = 0; i < trusted->crl_count; i++)
		if (!is_ours(trusted, trusted->crls[i]))
			return err_set(err, ERR_BAD_INPUT,
				"a list in '%s' is not signed by a CA of tls.client_ca", path);
	return 0;
}

static int load(const struct certificate_trust *trust, struct trusted *ret, struct err *err)
{
	auto_trusted struct trusted trusted = { .ca_count = 0 };

	if (gnutls_x509_trust_list_init(&trusted.list, 0) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	/* The lists are checked against the CAs, so those come first. */
	if (add_cas(&trusted, trust->ca_path, err) < 0 ||
		(trust->crl_path && add_crls(&trusted, trust->crl_path, err) < 0))
		return -1;
	*ret = trusted;
	trusted = (struct trusted){ .ca_count = 0 };
	return 0;
}

int certificate_trust_open(const char *ca_path, const char *crl_path,
	struct certificate_trust **ret, struct err *err)
{
	struct certificate_trust *trust = text_alloc(1, sizeof(*trust));

	trust->ca_path = text_copy(ca_path);
	trust->crl_path = crl_path ? text_copy(crl_path) : NULL;
	if (pthread_rwlock_init(&trust->lock, NULL) != 0)
		abort();
	trust->ca = version_of(ca_path);
	trust->crl = version_of(crl_path);
	if (load(trust, &trust->trusted, err) < 0) {
		certificate_trust_free(trust);
		return -1;
	}
	*ret = trust;
	return 0;
}

void certificate_trust_free(struct certificate_trust *trust)
{
	if (!trust)
		return;
	trusted_free(&trust->trusted);
	(void)pthread_rwlock_destroy(&trust->lock); /* nobody verifies any more */
	free(trust->ca_path);
	free(trust->crl_path);
	free(trust);
}

int certificate_trust_refresh(struct certificate_trust *trust, bool *ret_changed,
	struct err *err)
{
	const struct version ca = version_of(trust->ca_path);
	const struct version crl = version_of(trust->crl_path);
	struct trusted trusted, old;

	*ret_changed = false;
	if (is_same(&ca, &trust->ca) && is_same(&crl, &trust->crl))
		return 0;
	if (load(trust, &trusted, err) < 0)
		return -1;
	(void)pthread_rwlock_wrlock(&trust->lock); /* fails for the holder only */
	old = trust->trusted;
	trust->trusted = trusted;
	(void)pthread_rwlock_unlock(&trust->lock);
	trusted_free(&old);
	trust->ca = ca;
	trust->crl = crl;
	*ret_changed = true;
	return 0;
}

/* ---- one chain ---- */

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

static bool is_of(gnutls_x509_crl_t crl, const gnutls_datum_t *issuer)
{
	gnutls_datum_t dn = { .data = NULL };
	const bool is_same_name = gnutls_x509_crl_get_raw_issuer_dn(crl, &dn) == 0 &&
		dn.size == issuer->size && memcmp(dn.data, issuer->data, dn.size) == 0;

	gnutls_free(dn.data);
	return is_same_name;
}

/* Are all lists of this certificate's issuer out of date? Then they may lack what they should
 * have. GnuTLS does not ask that. */
static bool is_unsure(const struct trusted *trusted, gnutls_x509_crt_t crt, unix_time now)
{
	gnutls_datum_t issuer = { .data = NULL };
	bool is_old = false, is_new = false;

	if (gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) < 0)
		return true;
	for (unsigned i = 0; i < trusted->crl_count; i++) {
		const time_t next = gnutls_x509_crl_get_next_update(trusted->crls[i]);

		if (!is_of(trusted->crls[i], &issuer))
			continue;
		if (next == (time_t)-1 || next > now)
			is_new = true;
		else
			is_old = true;
	}
	gnutls_free(issuer.data);
	return is_old && !is_new;
}

static bool is_any_unsure(const struct trusted *trusted, const struct chain *chain,
	unix_time now)
{
	for (unsigned i = 0; i < chain->count; i++)
		if (is_unsure(trusted, chain->crt[i], now))
			return true;
	return false;
}

static int verify(struct certificate_trust *trust, struct chain *chain, unix_time now,
	struct err *err)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	gnutls_datum_t why = { .data = NULL };
	unsigned status = 0;
	bool is_list_old;
	int rc;

	(void)pthread_rwlock_rdlock(&trust->lock); /* fails for want of counts only */
	is_list_old = is_any_unsure(&trust->trusted, chain, now);
	rc = gnutls_x509_trust_list_verify_crt2(trust->trusted.list, chain->crt, chain->count,
		&purpose, 1, 0, &status, NULL);
	(void)pthread_rwlock_unlock(&trust->lock);
	if (rc < 0)
		return err_set(err, ERR_REFUSED, "the certificate cannot be verified: %s",
			gnutls_strerror(rc));
	if (status == 0)
		return is_list_old
			? err_set(err, ERR_REFUSED,
				  "the revocation list of the certificate's issuer is out of date")
			: 0;
	(void)gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &why, 0);
	(void)err_set(err, ERR_REFUSED, "the certificate is not trusted: %s",
		why.data ? (const char *)why.data : "for no reason that GnuTLS tells");
	gnutls_free(why.data);
	return -1;
}

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

	for (unsigned i = 0;; i++) {
		const int rc = subject_part(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, i, group);

		if (rc == 0)
			return 0;
		if (rc < 0 || i == GROUPS_MAX)
			return err_set(err, ERR_REFUSED,
				"the certificate has too many Os, or an odd one");
		if (name_check_user("O of the certificate", group, err) < 0)
			return -1;
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

	if (chain_read(blobs, count, &chain, err) < 0 || verify(trust, &chain, now, err) < 0 ||
		take_name(chain.crt[0], ret, err) < 0)
		return -1;
	add_credential(&blobs[0], ret);
	return 0;
}
