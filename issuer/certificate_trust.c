/* certificate_trust.c - see certificate_trust.h. GnuTLS verifies: it is in the process already,
 * with libmicrohttpd.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/text.h"
#include "issuer/certificate_trust.h"

#define TRUST_BYTES_MAX (4 * 1024 * 1024) /* of one file; revocation lists grow */

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

/* PEM as it was read. */
struct pem {
	char *p;
	size_t len;
};

struct certificate_trust {
	char *ca_path;
	char *crl_path;        /* NULL: none */
	pthread_rwlock_t lock; /* guards: */
	struct trusted trusted;
	/* The refresher's own: */
	struct version ca, crl;
	struct pem crl_pem; /* the last that was good */
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

static void pem_free(struct pem *pem)
{
	free(pem->p);
	*pem = (struct pem){ .len = 0 };
}
#define auto_pem __attribute__((cleanup(pem_free)))

/* A pipe would keep us waiting for whoever writes to it. */
static int read_pem(const char *path, struct pem *ret, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_BAD_INPUT, "'%s' is no regular file", path);
	return file_read(path, TRUST_BYTES_MAX, &ret->p, &ret->len, err);
}

static gnutls_datum_t datum_of(const struct pem *pem)
{
	return (gnutls_datum_t){ (unsigned char *)pem->p, (unsigned)pem->len };
}

static int add_cas(struct trusted *trusted, const char *path, struct err *err)
{
	auto_pem struct pem pem = { .len = 0 };
	gnutls_datum_t datum;

	if (read_pem(path, &pem, err) < 0)
		return -1;
	datum = datum_of(&pem);
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

/* What becomes of a list that none of the CAs has signed: it would make a revoked certificate
 * good again, if it counted. */
enum foreign { FOREIGN_REFUSED, FOREIGN_LEFT_OUT };

static int keep_ours(struct trusted *trusted, const char *path, enum foreign foreign,
	struct err *err)
{
	unsigned kept = 0;
	bool is_any_foreign = false;

	for (unsigned i = 0; i < trusted->crl_count; i++) {
		if (is_ours(trusted, trusted->crls[i])) {
			trusted->crls[kept++] = trusted->crls[i];
		} else {
			gnutls_x509_crl_deinit(trusted->crls[i]);
			is_any_foreign = true;
		}
	}
	trusted->crl_count = kept;
	return is_any_foreign && foreign == FOREIGN_REFUSED
		? err_set(err, ERR_BAD_INPUT,
			  "a list in '%s' is not signed by a CA of tls.client_ca", path)
		: 0;
}

/* The trust list owns what it is given, and only that. */
static int add_crls(struct trusted *trusted, const char *path, const struct pem *pem,
	enum foreign foreign, struct err *err)
{
	gnutls_datum_t datum = datum_of(pem);
	int rc;

	if (gnutls_x509_crl_list_import2(&trusted->crls, &trusted->crl_count, &datum,
		    GNUTLS_X509_FMT_PEM, 0) < 0)
		return err_set(err, ERR_BAD_INPUT,
			"'%s' holds no certificate revocation list in PEM", path);
	rc = keep_ours(trusted, path, foreign, err);
	if (gnutls_x509_trust_list_add_crls(trusted->list, trusted->crls, trusted->crl_count, 0,
		    0) != (int)trusted->crl_count)
		return err_set(err, ERR_FAILED, "could not use the lists in '%s'", path);
	return rc;
}

static int build(const struct certificate_trust *trust, const struct pem *crls,
	enum foreign foreign, struct trusted *ret, struct err *err)
{
	auto_trusted struct trusted trusted = { .ca_count = 0 };

	if (gnutls_x509_trust_list_init(&trusted.list, 0) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	/* The lists are checked against the CAs, so those come first. */
	if (add_cas(&trusted, trust->ca_path, err) < 0 ||
		(trust->crl_path &&
			add_crls(&trusted, trust->crl_path, crls, foreign, err) < 0))
		return -1;
	*ret = trusted;
	trusted = (struct trusted){ .ca_count = 0 };
	return 0;
}

/* Both files as they are now; what was read of the lists is kept. */
static int load(struct certificate_trust *trust, struct trusted *ret, struct err *err)
{
	auto_pem struct pem crls = { .len = 0 };

	if (trust->crl_path && read_pem(trust->crl_path, &crls, err) < 0)
		return -1;
	if (build(trust, &crls, FOREIGN_REFUSED, ret, err) < 0)
		return -1;
	pem_free(&trust->crl_pem);
	trust->crl_pem = crls;
	crls = (struct pem){ .len = 0 };
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
	pem_free(&trust->crl_pem);
	(void)pthread_rwlock_destroy(&trust->lock); /* nobody verifies any more */
	free(trust->ca_path);
	free(trust->crl_path);
	free(trust);
}

static void put_in_force(struct certificate_trust *trust, const struct trusted *trusted)
{
	struct trusted old;

	(void)pthread_rwlock_wrlock(&trust->lock); /* fails for the holder only */
	old = trust->trusted;
	trust->trusted = *trusted;
	(void)pthread_rwlock_unlock(&trust->lock);
	trusted_free(&old);
}

/* The lists cannot be taken as they are; a CA that has left its file goes all the same. */
static void take_cas_alone(struct certificate_trust *trust, const struct version *ca)
{
	struct trusted trusted;
	struct err ignored = ERR_INIT; /* what is wrong with the lists is told */

	if (is_same(ca, &trust->ca) ||
		build(trust, &trust->crl_pem, FOREIGN_LEFT_OUT, &trusted, &ignored) < 0)
		return;
	put_in_force(trust, &trusted);
	trust->ca = *ca;
}

int certificate_trust_refresh(struct certificate_trust *trust, bool *ret_changed,
	struct err *err)
{
	const struct version ca = version_of(trust->ca_path);
	const struct version crl = version_of(trust->crl_path);
	struct trusted trusted;

	*ret_changed = false;
	if (is_same(&ca, &trust->ca) && is_same(&crl, &trust->crl))
		return 0;
	if (load(trust, &trusted, err) < 0) {
		take_cas_alone(trust, &ca);
		/* Not looked at as the same again until it is good. */
		trust->crl = (struct version){ .size = -2 };
		return -1;
	}
	put_in_force(trust, &trusted);
	trust->ca = ca;
	trust->crl = crl;
	*ret_changed = true;
	return 0;
}

/* ---- one chain ---- */

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

static bool is_any_unsure(const struct trusted *trusted, const gnutls_x509_crt_t *chain,
	unsigned count, unix_time now)
{
	for (unsigned i = 0; i < count; i++)
		if (is_unsure(trusted, chain[i], now))
			return true;
	return false;
}

/* In GnuTLS' words, without those that are in ours. */
static int say_why(unsigned status, struct err *err)
{
	static const char common[] = "The certificate is NOT trusted. ";
	gnutls_datum_t why = { .data = NULL };
	const char *text;
	size_t len;

	(void)gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &why, 0);
	text = why.data ? (const char *)why.data : "";
	if (strncmp(text, common, sizeof(common) - 1) == 0)
		text += sizeof(common) - 1;
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	(void)err_set(err, ERR_REFUSED, "the certificate is not trusted: %.*s", (int)len, text);
	gnutls_free(why.data);
	return -1;
}

int certificate_trust_verify(struct certificate_trust *trust, gnutls_x509_crt_t *chain,
	unsigned count, unix_time now, struct err *err)
{
	static char client[] = GNUTLS_KP_TLS_WWW_CLIENT;
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)client,
	};
	/* No RSA key of 1024 bits: NIST SP 800-57, 112 bits of security. */
	const unsigned flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	unsigned status = 0;
	bool is_list_old;
	int rc;

	(void)pthread_rwlock_rdlock(&trust->lock); /* fails for want of counts only */
	is_list_old = is_any_unsure(&trust->trusted, chain, count, now);
	rc = gnutls_x509_trust_list_verify_crt2(trust->trusted.list, chain, count, &purpose, 1,
		flags, &status, NULL);
	(void)pthread_rwlock_unlock(&trust->lock);
	if (rc < 0)
		return err_set(err, ERR_REFUSED, "the certificate cannot be verified: %s",
			gnutls_strerror(rc));
	if (status != 0)
		return say_why(status, err);
	return is_list_old
		? err_set(err, ERR_REFUSED,
			  "the revocation list of the certificate's issuer is out of date")
		: 0;
}
