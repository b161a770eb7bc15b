/* kube_protobuf.c - see kube_protobuf.h. The messages are in kube.proto.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "issuer/kube.pb-c.h"
#include "issuer/kube_protobuf.h"

static const char magic[] = { 'k', '8', 's', '\0' };

/* An object in the making; `is_broken` once a string was no UTF-8. */
struct builder {
	json_t *object;
	bool is_broken;
};

static void set(struct builder *b, const char *name, json_t *value)
{
	if (json_object_set_new(b->object, name, value) < 0)
		b->is_broken = true;
}

/* The bytes of an empty one are NULL, which jansson would refuse. */
static json_t *string_of(const ProtobufCBinaryData *bytes)
{
	return json_stringn(bytes->len > 0 ? (const char *)bytes->data : "", bytes->len);
}

/* Clients write empty strings and messages where they mean none. */
static void set_string(struct builder *b, const char *name, protobuf_c_boolean has,
	const ProtobufCBinaryData *bytes)
{
	if (has && bytes->len > 0)
		set(b, name, string_of(bytes));
}

#define SET_STRING(b, message, member)                                                         \
	set_string((b), #member, (message)->has_##member, &(message)->member)

static void set_number(struct builder *b, const char *name, protobuf_c_boolean has,
	int64_t value)
{
	if (has)
		set(b, name, json_integer(value));
}

static void set_strings(struct builder *b, const char *name, const ProtobufCBinaryData *list,
	size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(array, string_of(&list[i])) < 0)
			b->is_broken = true;
	set(b, name, array);
}

static void set_map(struct builder *b, const char *name, Kube__StringEntry *const *entries,
	size_t count)
{
	json_t *map = json_object();

	for (size_t i = 0; i < count; i++) {
		const Kube__StringEntry *e = entries[i];
		const bool has_zero = e->key.len > 0 && memchr(e->key.data, '\0', e->key.len);
		auto_free char *key = text_alloc(e->key.len + 1, 1);

		if (e->key.len > 0)
			memcpy(key, e->key.data, e->key.len);
		if (has_zero || json_object_set_new(map, key, string_of(&e->value)) < 0)
			b->is_broken = true;
	}
	set(b, name, map);
}

static void set_time(struct builder *b, const char *name, const Kube__Time *time)
{
	if (time && time->has_seconds && time->seconds != 0)
		set(b, name, json_string(text_time(time->seconds).s));
}

static json_t *finish(const struct builder *b, struct builder *parent)
{
	parent->is_broken = parent->is_broken || b->is_broken;
	return b->object;
}

static void set_owners(struct builder *b, Kube__OwnerReference *const *owners, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const Kube__OwnerReference *owner = owners[i];
		struct builder one = { .object = json_object() };

		set_string(&one, "apiVersion", owner->has_apiversion, &owner->apiversion);
		SET_STRING(&one, owner, kind);
		SET_STRING(&one, owner, name);
		SET_STRING(&one, owner, uid);
		if (owner->has_controller)
			set(&one, "controller", json_boolean(owner->controller));
		if (owner->has_blockownerdeletion)
			set(&one, "blockOwnerDeletion",
				json_boolean(owner->blockownerdeletion));
		(void)json_array_append_new(list, finish(&one, b)); /* fails for memory only */
	}
	set(b, "ownerReferences", list);
}

/* ---- parts ---- */

/* One message from its parts. */
static struct text join(const ProtobufCBinaryData *parts, size_t count)
{
	struct text whole = TEXT_INIT;

	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0)
			text_add_bytes(&whole, parts[i].data, parts[i].len);
	return whole;
}

/* What stands in its members; false if it is malformed. */
static bool fill_metadata(struct builder *b, const struct text *whole)
{
	Kube__ObjectMeta *meta =
		kube__object_meta__unpack(NULL, whole->len, (const uint8_t *)whole->s);

	if (!meta)
		return false;
	SET_STRING(b, meta, name);
	SET_STRING(b, meta, uid);
	set_string(b, "generateName", meta->has_generatename, &meta->generatename);
	set_string(b, "namespace", meta->has_namespace_, &meta->namespace_);
	set_string(b, "selfLink", meta->has_selflink, &meta->selflink);
	set_string(b, "resourceVersion", meta->has_resourceversion, &meta->resourceversion);
	set_number(b, "generation", meta->has_generation, meta->generation);
	set_time(b, "creationTimestamp", meta->creationtimestamp);
	set_time(b, "deletionTimestamp", meta->deletiontimestamp);
	set_number(b, "deletionGracePeriodSeconds", meta->has_deletiongraceperiodseconds,
		meta->deletiongraceperiodseconds);
	set_map(b, "labels", meta->labels, meta->n_labels);
	set_map(b, "annotations", meta->annotations, meta->n_annotations);
	set_owners(b, meta->ownerreferences, meta->n_ownerreferences);
	set_strings(b, "finalizers", meta->finalizers, meta->n_finalizers);
	kube__object_meta__free_unpacked(meta, NULL);
	return true;
}

static void set_reference(struct builder *parent, const Kube__BoundObjectReference *ref)
{
	struct builder b = { .object = json_object() };

	SET_STRING(&b, ref, kind);
	set_string(&b, "apiVersion", ref->has_apiversion, &ref->apiversion);
	SET_STRING(&b, ref, name);
	SET_STRING(&b, ref, uid);
	set(parent, "boundObjectRef", finish(&b, parent));
}

static bool fill_request_spec(struct builder *b, const struct text *whole)
{
	Kube__TokenRequestSpec *spec =
		kube__token_request_spec__unpack(NULL, whole->len, (const uint8_t *)whole->s);

	if (!spec)
		return false;
	set_strings(b, "audiences", spec->audiences, spec->n_audiences);
	set_number(b, "expirationSeconds", spec->has_expirationseconds,
		spec->expirationseconds);
	if (spec->boundobjectref)
		set_reference(b, spec->boundobjectref);
	kube__token_request_spec__free_unpacked(spec, NULL);
	return true;
}

static bool fill_review_spec(struct builder *b, const struct text *whole)
{
	Kube__TokenReviewSpec *spec =
		kube__token_review_spec__unpack(NULL, whole->len, (const uint8_t *)whole->s);

	if (!spec)
		return false;
	SET_STRING(b, spec, token);
	set_strings(b, "audiences", spec->audiences, spec->n_audiences);
	kube__token_review_spec__free_unpacked(spec, NULL);
	return true;
}

typedef bool fill_fn(struct builder *b, const struct text *whole);

/* parent[name] from the parts of its message: empty if there are none. */
static bool set_parts(struct builder *parent, const char *name,
	const ProtobufCBinaryData *parts, size_t count, fill_fn *fill)
{
	struct builder b = { .object = json_object() };
	auto_text struct text whole = join(parts, count);
	const bool is_whole = count == 0 || fill(&b, &whole);

	set(parent, name, finish(&b, parent));
	return is_whole;
}

/* ---- the kinds ---- */

static bool read_token_request(struct builder *b, const ProtobufCBinaryData *raw)
{
	Kube__TokenRequest *m = kube__token_request__unpack(NULL, raw->len, raw->data);
	const bool is_whole = m &&
		set_parts(b, "metadata", m->metadata, m->n_metadata, fill_metadata) &&
		set_parts(b, "spec", m->spec, m->n_spec, fill_request_spec);

	kube__token_request__free_unpacked(m, NULL);
	return is_whole;
}

static bool read_token_review(struct builder *b, const ProtobufCBinaryData *raw)
{
	Kube__TokenReview *m = kube__token_review__unpack(NULL, raw->len, raw->data);
	const bool is_whole = m &&
		set_parts(b, "metadata", m->metadata, m->n_metadata, fill_metadata) &&
		set_parts(b, "spec", m->spec, m->n_spec, fill_review_spec);

	kube__token_review__free_unpacked(m, NULL);
	return is_whole;
}

static bool read_self_subject_review(struct builder *b, const ProtobufCBinaryData *raw)
{
	Kube__SelfSubjectReview *m =
		kube__self_subject_review__unpack(NULL, raw->len, raw->data);
	const bool is_whole =
		m && set_parts(b, "metadata", m->metadata, m->n_metadata, fill_metadata);

	kube__self_subject_review__free_unpacked(m, NULL);
	return is_whole;
}

static bool read_object(struct builder *b, const struct kube_type *type,
	const ProtobufCBinaryData *raw)
{
	if (type == &kube_token_request)
		return read_token_request(b, raw);
	return type == &kube_token_review ? read_token_review(b, raw)
					  : read_self_subject_review(b, raw);
}

/* ---- the envelope ---- */

static bool is_kind(const Kube__Unknown *envelope, const char *kind)
{
	const Kube__TypeMeta *meta = envelope->typemeta;

	return !meta || !meta->has_kind || meta->kind.len == 0 ||
		(meta->kind.len == strlen(kind) &&
			memcmp(meta->kind.data, kind, meta->kind.len) == 0);
}

static int read_envelope(const Kube__Unknown *envelope, const struct kube_type *type,
	json_t **ret, struct err *err)
{
	const Kube__TypeMeta *meta = envelope->typemeta;
	struct builder b = { .object = json_object() };
	bool is_whole = true;

	/* Every client writes one, be it empty: without it the body was cut. */
	if (!envelope->has_raw) {
		json_decref(b.object);
		return err_set(err, ERR_BAD_INPUT, "the protobuf message holds no object");
	}
	if (meta) {
		set_string(&b, "apiVersion", meta->has_apiversion, &meta->apiversion);
		set_string(&b, "kind", meta->has_kind, &meta->kind);
	}
	if (is_kind(envelope, type->kind))
		is_whole = read_object(&b, type, &envelope->raw);
	if (is_whole && !b.is_broken) {
		*ret = b.object;
		return 0;
	}
	json_decref(b.object);
	return err_set(err, ERR_BAD_INPUT,
		is_whole ? "a string in the protobuf message is not UTF-8"
			 : "the object in the protobuf message is malformed");
}

int kube_protobuf_read(const char *body, size_t len, const struct kube_type *type, json_t **ret,
	struct err *err)
{
	Kube__Unknown *envelope;
	int rc;

	if (len < sizeof(magic) || memcmp(body, magic, sizeof(magic)) != 0)
		return err_set(err, ERR_BAD_INPUT,
			"the body is not protobuf: it does not begin with the bytes 6b 38 73 00");
	if (len == sizeof(magic))
		return err_set(err, ERR_BAD_INPUT, "the protobuf message is empty");
	envelope = kube__unknown__unpack(NULL, len - sizeof(magic),
		(const uint8_t *)body + sizeof(magic));
	if (!envelope)
		return err_set(err, ERR_BAD_INPUT, "the protobuf envelope is malformed");
	rc = read_envelope(envelope, type, ret, err);
	kube__unknown__free_unpacked(envelope, NULL);
	return rc;
}
