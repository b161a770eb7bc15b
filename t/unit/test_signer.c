/* test_signer.c - keys/signer.c, the gateway's end: when a signer counts as hanging. The signer
 * is this program again, which answers all but those who are told to wait; the clock is the
 * test's.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

#include "base/auto.h"
#include "base/text.h"
#include "keys/signer.h"
#include "t/unit/unit.h"

#define WAITS "waits" /* the actor whom nobody answers */

/* ---- the clock ---- */

static atomic_int_fast64_t passed_s;

/* With -Wl,--wrap the linker sends calls of it here. */
int real_clock_gettime(clockid_t id, struct timespec *ts) __asm__("__real_clock_gettime");
int wrap_clock_gettime(clockid_t id, struct timespec *ts) __asm__("__wrap_clock_gettime");

int wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	const int rc = real_clock_gettime(id, ts);

	ts->tv_sec += (time_t)atomic_load(&passed_s);
	return rc;
}

static void time_passes(int64_t seconds)
{
	(void)atomic_fetch_add(&passed_s, seconds);
}

/* ---- the signer ---- */

static void say(int64_t id)
{
	const struct signer_reply reply = { .id = id };
	struct err err = ERR_INIT;
	auto_free char *packet = NULL;
	size_t len;

	if (signer_reply_write(&reply, &packet, &len, &err) < 0 ||
		send(SIGNER_FD, packet, len, MSG_NOSIGNAL) < 0)
		abort();
}

static int be_signer(void)
{
	auto_free char *packet = text_alloc(SIGNER_MESSAGE_MAX, 1);
	auto_free char *settings = NULL;
	struct err err = ERR_INIT;
	ssize_t len;
	size_t settings_len;

	if (signer_receive_settings(SIGNER_FD, &settings, &settings_len, &err) < 0)
		return 1;
	say(SIGNER_READY_ID);
	while ((len = recv(SIGNER_FD, packet, SIGNER_MESSAGE_MAX, 0)) > 0) {
		struct signer_request request;

		if (signer_request_read(packet, (size_t)len, &request, &err) < 0)
			return 1;
		if (strcmp(request.actor, WAITS) != 0)
			say(request.id);
		signer_request_free(&request);
	}
	return 0;
}

/* ---- who asks it ---- */

struct caller {
	pthread_mutex_t lock;
	pthread_cond_t told;
	int answers;
	enum err_code code; /* of the last answer */
};
#define CALLER_INIT                                                                            \
	{                                                                                      \
		.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER            \
	}

static void note_answer(void *ctx, struct signer_reply *reply)
{
	struct caller *caller = ctx;
	auto_unlock pthread_mutex_t *held = auto_lock(&caller->lock);

	(void)held;
	caller->answers++;
	caller->code = reply->err.code;
	(void)pthread_cond_signal(&caller->told);
}

static void ask(struct signer *signer, const char *actor, struct caller *caller)
{
	const struct signer_request request = {
		.deed = SIGNER_TOKEN_REFUSED,
		.subject = "system:serviceaccount:demo:app",
		.outcome = "refused",
		.detail = "no grant",
		.actor = actor,
		.auth = "secret",
		.peer = "127.0.0.1:1",
		.request_id = "1",
	};
	struct err err;

	assert_succeeds(signer_ask(signer, &request, note_answer, caller, &err));
}

/* Waits for the next answer. */
static enum err_code answer(struct caller *caller)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&caller->lock);

	(void)held;
	while (caller->answers == 0)
		(void)pthread_cond_wait(&caller->told, &caller->lock);
	caller->answers--;
	return caller->code;
}

static struct signer_metrics *metrics; /* one page, as a gateway has */
static int metrics_fd;

static struct signer *start(void)
{
	static char name[] = "test_signer", be[] = "--signer";
	static char *const argv[] = { name, be, NULL };
	struct signer_program program = { .argv = argv, .settings = "{}", .settings_len = 2 };
	struct signer *signer;
	struct err err;

	if (!metrics)
		assert_succeeds(signer_metrics_create(&metrics, &metrics_fd, &err));
	program.metrics = metrics;
	program.metrics_fd = metrics_fd;
	assert_succeeds(signer_start(&program, &signer, &err));
	return signer;
}

static void be_answered(struct signer *signer)
{
	struct caller other = CALLER_INIT;

	ask(signer, "other", &other);
	assert_int_equal(answer(&other), ERR_NONE);
}

/* Others are, every now and then, until shortly before who waits has waited too long. */
static void be_answered_for_280_s(struct signer *signer)
{
	for (int i = 0; i < 14; i++) {
		time_passes(20);
		be_answered(signer);
	}
}

/* ---- the tests ---- */

static void a_silent_signer_is_replaced(void **state)
{
	struct caller waits = CALLER_INIT;
	struct signer *signer = start();

	(void)state;
	be_answered(signer); /* or the silence might begin after time has passed */
	ask(signer, WAITS, &waits);
	time_passes(26);
	assert_int_equal(answer(&waits), ERR_BUSY);
	signer_free(signer);

	signer = start();
	be_answered(signer);
	signer_free(signer);
}

static void silence_is_no_matter_while_nobody_waits(void **state)
{
	struct signer *signer = start();

	(void)state;
	for (int i = 0; i < 5; i++) {
		time_passes(3600);
		be_answered(signer);
	}
	signer_free(signer);
}

/* One that works through a long queue: whoever is at its end waits, and others are answered. */
static void a_busy_signer_is_left_alone(void **state)
{
	struct caller waits = CALLER_INIT;
	struct signer *signer = start();

	(void)state;
	ask(signer, WAITS, &waits);
	be_answered_for_280_s(signer);
	assert_int_equal(waits.answers, 0);
	signer_free(signer);
}

static void one_that_forgets_a_request_is_replaced(void **state)
{
	struct caller waits = CALLER_INIT;
	struct signer *signer = start();

	(void)state;
	ask(signer, WAITS, &waits);
	be_answered_for_280_s(signer);
	time_passes(21);
	assert_int_equal(answer(&waits), ERR_BUSY);
	signer_free(signer);
}

static void what_waits_at_the_end_is_told(void **state)
{
	struct caller waits = CALLER_INIT;
	struct signer *signer = start();
	struct signer_request request = { .deed = SIGNER_TOKEN_REFUSED };
	struct err err;

	(void)state;
	ask(signer, WAITS, &waits);
	signer_stop(signer, 60000);
	assert_int_equal(answer(&waits), ERR_BUSY);
	assert_fails(ERR_BUSY, signer_ask(signer, &request, note_answer, &waits, &err));
	assert_int_equal(waits.answers, 0);
	signer_free(signer);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_signer_is_replaced),
		cmocka_unit_test(silence_is_no_matter_while_nobody_waits),
		cmocka_unit_test(a_busy_signer_is_left_alone),
		cmocka_unit_test(one_that_forgets_a_request_is_replaced),
		cmocka_unit_test(what_waits_at_the_end_is_told),
	};

	if (argc > 1 && strcmp(argv[1], "--signer") == 0)
		return be_signer();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
