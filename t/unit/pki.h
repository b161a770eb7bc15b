/* pki.h - certificates made on the spot, by OpenSSL: authorities, certificates of clients that
 * can be wrong in one way each, and revocation lists. RFC 5280.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_H
#define PKI_H

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "keys/key.h"
#include "t/unit/keys_fixture.h"

/* A part of a subject: "CN" or "O", and bytes. */
struct pki_part {
	const char *name;
	const char *value;
	int len; /* 0: as long as the string */
};

#define PKI_PARTS_MAX 80

/* What a certificate says. */
struct pki_wish {
	struct pki_part parts[PKI_PARTS_MAX];
	const char *usage; /* extendedKeyUsage; NULL: none said */
	long from_s, to_s; /* from now; 0 and 0: an hour both ways */
	bool is_authority;
};

struct pki {
	X509 *crt;
	EVP_PKEY *key;
	unsigned char *der; /* of crt */
	size_t der_len;
};

static inline void pki_extend(X509 *crt, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(crt, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static inline void pki_name(X509 *crt, const struct pki_part *part)
{
	X509_NAME *name = X509_get_subject_name(crt);

	for (; part->name; part++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, part->name, V_ASN1_UTF8STRING,
					 (const unsigned char *)part->value,
					 part->len ? part->len : (int)strlen(part->value), -1,
					 0),
			1);
}

/* Signed by `by`, or by itself. */
static inline struct pki pki_make(const struct pki_wish *wish, const struct pki *by)
{
	static long serial;
	const bool has_times = wish->from_s != 0 || wish->to_s != 0;
	struct pki ret = { .crt = X509_new() };
	struct err err;
	int len;

	assert_succeeds(key_generate("ES256", 0, &ret.key, &err));
	assert_int_equal(X509_set_version(ret.crt, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(ret.crt), ++serial), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(ret.crt),
		has_times ? wish->from_s : -HOUR));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(ret.crt),
		has_times ? wish->to_s : HOUR));
	assert_int_equal(X509_set_pubkey(ret.crt, ret.key), 1);
	pki_name(ret.crt, wish->parts);
	assert_int_equal(X509_set_issuer_name(ret.crt,
				 X509_get_subject_name(by ? by->crt : ret.crt)),
		1);
	pki_extend(ret.crt, NID_basic_constraints,
		wish->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (wish->is_authority)
		pki_extend(ret.crt, NID_key_usage, "critical,keyCertSign,cRLSign");
	if (wish->usage)
		pki_extend(ret.crt, NID_ext_key_usage, wish->usage);
	assert_true(X509_sign(ret.crt, by ? by->key : ret.key, EVP_sha256()) > 0);
	len = i2d_X509(ret.crt, &ret.der);
	assert_true(len > 0);
	ret.der_len = (size_t)len;
	return ret;
}

static inline void pki_free(struct pki *pki)
{
	X509_free(pki->crt);
	key_free(pki->key);
	OPENSSL_free(pki->der);
	*pki = (struct pki){ .crt = NULL };
}
#define auto_pki __attribute__((cleanup(pki_free)))

static inline struct pki pki_authority(const char *cn)
{
	const struct pki_wish wish = { .parts = { { "CN", cn, 0 } }, .is_authority = true };

	return pki_make(&wish, NULL);
}

/* Puts a file in place, as an operator would: nobody ever sees half of it, and its inode is
 * another. Takes over `pem`. */
static inline void pki_put(const char *path, BIO *pem)
{
	auto_free char *new_path = text_format("%s.new", path);
	BIO *file = BIO_new_file(new_path, "w");
	char *bytes;
	const long len = BIO_get_mem_data(pem, &bytes);

	assert_non_null(file);
	if (len > 0)
		assert_int_equal(BIO_write(file, bytes, (int)len), len);
	BIO_free(file);
	BIO_free(pem);
	assert_int_equal(rename(new_path, path), 0);
}

static inline void pki_put_authorities(const char *path, const struct pki *const *authorities,
	size_t count)
{
	BIO *pem = BIO_new(BIO_s_mem());

	for (size_t i = 0; i < count; i++)
		assert_int_equal(PEM_write_bio_X509(pem, authorities[i]->crt), 1);
	pki_put(path, pem);
}

/* The list of an authority, good until `to_s` from now; `revoked` may be NULL. */
static inline void pki_put_list(const char *path, const struct pki *authority,
	const struct pki *revoked, long to_s)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, -2 * HOUR);
	ASN1_TIME *to = X509_gmtime_adj(NULL, to_s);
	BIO *pem = BIO_new(BIO_s_mem());

	assert_int_equal(X509_CRL_set_version(list, X509_CRL_VERSION_2), 1);
	assert_int_equal(X509_CRL_set_issuer_name(list, X509_get_subject_name(authority->crt)),
		1);
	assert_int_equal(X509_CRL_set1_lastUpdate(list, from), 1);
	assert_int_equal(X509_CRL_set1_nextUpdate(list, to), 1);
	if (revoked) {
		X509_REVOKED *row = X509_REVOKED_new();

		assert_int_equal(X509_REVOKED_set_serialNumber(row,
					 X509_get_serialNumber(revoked->crt)),
			1);
		assert_int_equal(X509_REVOKED_set_revocationDate(row, from), 1);
		assert_int_equal(X509_CRL_add0_revoked(list, row), 1);
	}
	assert_true(X509_CRL_sign(list, authority->key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509_CRL(pem, list), 1);
	pki_put(path, pem);
	X509_CRL_free(list);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
}

#endif
