/* load.c - the load generator of `make bench`: N keep-alive connections in one epoll thread.
 * Tells what the answers took, what they said and what CPU the servers spent meanwhile; its own
 * is told apart. The result is one line of JSON.
 *
 *   load [-c N] [-t SECONDS] [-w SECONDS] [-p PID]... [-H HEADER]... [-d BODY] [-a] [-r N]
 *        [-g MICROSECONDS] http[s]://IPv4:PORT/PATH
 *   load -i -c N URL              an answer on each of N connections; then waits for its stdin
 *   load -s MILLISECONDS URL      waits until there is a good answer, at most so long
 *
 * -w: a warm-up that is not counted. -p: a server's process. -d: a POST. -a: takes answers
 * other than 2xx for good (overload). -r: puts a number below N, of 7 digits and the same in
 * all places, where path and body have "%%%%%%%". -g: waits so long before each request (for -c
 * 1).
 * SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "t/bench/connection.h"

#define PIDS_MAX     16
#define HEADERS_MAX  8
#define NUMBER       "%%%%%%%"
#define NUMBERS_MAX  8
#define REQUEST_MAX  16384
#define STATUS_MAX   600
#define LATENCY_STEP 2 /* microseconds */
#define LATENCY_MAX  (10 * 1000 * 1000 / LATENCY_STEP)

struct options {
	int connections;
	double seconds, warmup_s;
	bool is_idle, takes_all, is_tls;
	int wait_ms;
	int pids[PIDS_MAX];
	int pid_count;
	const char *headers[HEADERS_MAX];
	int header_count;
	const char *body;
	int random_max; /* 0: no numbers */
	int gap_us;
	char host[64];
	const char *path;
};

static struct options opt = { .connections = 1, .seconds = 1 };
static char request[REQUEST_MAX];
static char *numbers[NUMBERS_MAX]; /* where they go in the request */
static int number_count;
static struct connection_target target;
static uint32_t *latency; /* how many answers took so many steps */
static int64_t answers, good, broken, told_when, status_count[STATUS_MAX], bytes, longest_us;
static bool is_counting;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("load: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

/* ---- CPU ---- */

/* User and system time of all threads of a process; 0 once it is gone. */
static double cpu_of(int pid)
{
	char path[64], line[1024] = "";
	char *at;
	double ticks;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	at = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	(void)fclose(f);
	/* utime and stime are the 14th and 15th word; the 2nd is the name that ends here */
	for (int word = 2; at && word < 14; word++)
		at = strchr(at + 1, ' ');
	if (!at)
		return 0;
	ticks = strtod(at, &at);
	return (ticks + strtod(at, NULL)) / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_of_servers(void)
{
	double sum = 0;

	for (int i = 0; i < opt.pid_count; i++)
		sum += cpu_of(opt.pids[i]);
	return sum;
}

static double cpu_of_self(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- answers ---- */

static void count(const struct connection *c, int status)
{
	const int64_t took = connection_now_us() - c->since_us;
	const int64_t step = took / LATENCY_STEP;

	if (!is_counting)
		return;
	answers++;
	bytes += (int64_t)c->got;
	good += status >= 200 && status < 300;
	told_when += connection_header(c, "Retry-After") != NULL;
	if (status > 0 && status < STATUS_MAX)
		status_count[status]++;
	latency[step < LATENCY_MAX ? step : LATENCY_MAX - 1]++;
	longest_us = took > longest_us ? took : longest_us;
}

/* Another number for each request. A request that is still being sent has its own: they are
 * short enough to go out in one piece. */
static void choose_number(void)
{
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%07ld", random() % opt.random_max);
	for (int i = 0; i < number_count; i++)
		memcpy(numbers[i], digits, sizeof(NUMBER) - 1);
}

static void prepare(void)
{
	if (opt.gap_us > 0)
		(void)usleep((useconds_t)opt.gap_us);
	if (opt.random_max > 0)
		choose_number();
}

static void redial(struct connection *c)
{
	if (is_counting)
		broken++;
	connection_hang_up(c);
	if (connection_dial(c, &target))
		connection_start(c);
}

/* ---- a run ---- */

static int wait_ms(int64_t until)
{
	const int64_t left = until - connection_now_us();

	return left <= 0 ? 0 : (int)(left / 1000) + 1;
}

static void run_until(int64_t until)
{
	struct epoll_event events[256];

	while (connection_now_us() < until) {
		const int n = epoll_wait(target.epoll_fd, events, 256, wait_ms(until));

		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			if (c->fd >= 0 && !connection_advance(c, true))
				redial(c);
		}
	}
}

static int64_t percentile(double share)
{
	const int64_t wanted = (int64_t)((double)answers * share);
	int64_t seen = 0;

	for (int64_t i = 0; i < LATENCY_MAX; i++) {
		seen += latency[i];
		if (seen > wanted)
			return i * LATENCY_STEP + LATENCY_STEP / 2;
	}
	return longest_us;
}

static void print_statuses(void)
{
	const char *comma = "";

	for (int i = 0; i < STATUS_MAX; i++)
		if (status_count[i] > 0) {
			(void)printf("%s\"%d\": %" PRId64, comma, i, status_count[i]);
			comma = ", ";
		}
}

static void measure(struct connection *all)
{
	double server_cpu, own_cpu, seconds;
	int64_t began;

	for (int i = 0; i < opt.connections; i++)
		if (connection_dial(&all[i], &target))
			connection_start(&all[i]);
	run_until(connection_now_us() + (int64_t)(opt.warmup_s * 1e6));
	is_counting = true;
	began = connection_now_us();
	server_cpu = cpu_of_servers();
	own_cpu = cpu_of_self();
	run_until(began + (int64_t)(opt.seconds * 1e6));
	server_cpu = cpu_of_servers() - server_cpu;
	own_cpu = cpu_of_self() - own_cpu;
	seconds = (double)(connection_now_us() - began) / 1e6;
	(void)printf("{\"answers\": %" PRId64 ", \"good\": %" PRId64 ", \"told_when\": %" PRId64
		     ", \"broken\": %" PRId64
		     ", \"seconds\": %.4f, \"server_cpu_s\": %.4f, \"load_cpu_s\": %.4f, "
		     "\"p50_us\": %" PRId64 ", \"p90_us\": %" PRId64 ", \"p99_us\": %" PRId64
		     ", \"max_us\": %" PRId64 ", \"bytes\": %" PRId64 ", \"statuses\": {",
		answers, good, told_when, broken, seconds, server_cpu, own_cpu, percentile(0.5),
		percentile(0.9), percentile(0.99), longest_us, bytes);
	print_statuses();
	(void)printf("}}\n");
	if (!opt.takes_all && (broken > 0 || good != answers || answers == 0))
		exit(1);
}

/* A few at a time, or the server's backlog runs over. */
static void idle(struct connection *all)
{
	struct epoll_event events[256];
	int open = 0;
	char c;

	for (int i = 0; i < opt.connections; i++) {
		if (!connection_dial(&all[i], &target))
			die("connection %d of %d: %s", i, opt.connections, strerror(errno));
		connection_start(&all[i]);
		while (all[i].is_waiting) {
			const int n = epoll_wait(target.epoll_fd, events, 256, 5000);

			if (n <= 0)
				die("no answer on connection %d", i);
			for (int e = 0; e < n; e++)
				if (!connection_advance(events[e].data.ptr, false))
					die("connection %d was closed", i);
		}
		open++;
	}
	(void)printf("{\"open\": %d}\n", open);
	(void)fflush(stdout);
	if (read(STDIN_FILENO, &c, 1) < 0)
		die("stdin: %s", strerror(errno));
}

/* How long until somebody answers well? */
static void wait_answer(struct connection *c)
{
	const int64_t began = connection_now_us();
	const int64_t until = began + (int64_t)opt.wait_ms * 1000;
	struct epoll_event events[16];

	is_counting = true;
	while (good == 0 && connection_now_us() < until) {
		if (c->fd < 0 && connection_dial(c, &target))
			connection_start(c);
		if (epoll_wait(target.epoll_fd, events, 16, 1) > 0 &&
			!connection_advance(c, false))
			connection_hang_up(c);
		else if (c->fd >= 0 && !c->is_waiting)
			connection_start(c);
	}
	(void)printf("{\"waited_us\": %" PRId64 "}\n", connection_now_us() - began);
	if (good == 0)
		exit(1);
}

/* ---- the command line ---- */

static int number(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

static void read_url(const char *url)
{
	const char *host = strstr(url, "://");
	const char *colon = host ? strchr(host + 3, ':') : NULL;
	const char *path = colon ? strchr(colon, '/') : NULL;

	if (!path || path - host - 3 >= (int)sizeof(opt.host))
		die("'%s' is not http://IPv4:PORT/PATH", url);
	opt.is_tls = strncmp(url, "https:", 6) == 0;
	opt.path = path;
	target.address.sin_family = AF_INET;
	target.address.sin_port = htons((uint16_t)number(colon + 1));
	memcpy(opt.host, host + 3, (size_t)(colon - host - 3));
	if (inet_pton(AF_INET, opt.host, &target.address.sin_addr) != 1)
		die("'%s' is no IPv4 address", opt.host);
	memcpy(opt.host, host + 3, (size_t)(path - host - 3));
}

static void write_request(void)
{
	int n = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: %s\r\n",
		opt.body ? "POST" : "GET", opt.path, opt.host);

	for (int i = 0; i < opt.header_count; i++)
		n += snprintf(request + n, sizeof(request) - (size_t)n, "%s\r\n",
			opt.headers[i]);
	if (opt.body)
		n += snprintf(request + n, sizeof(request) - (size_t)n,
			"Content-Length: %zu\r\n\r\n%s", strlen(opt.body), opt.body);
	else
		n += snprintf(request + n, sizeof(request) - (size_t)n, "\r\n");
	if (n >= REQUEST_MAX)
		die("the request is too long");
	target.request = request;
	target.request_len = (size_t)n;
	for (char *p = request; opt.random_max > 0 && (p = strstr(p, NUMBER));
		p += sizeof(NUMBER) - 1) {
		if (number_count == NUMBERS_MAX)
			die("too many numbers");
		numbers[number_count++] = p;
	}
}

static void read_options(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "c:t:w:p:H:d:s:r:g:ia")) != -1) {
		switch (o) {
		case 'c':
			opt.connections = number(optarg);
			break;
		case 't':
			opt.seconds = strtod(optarg, NULL);
			break;
		case 'w':
			opt.warmup_s = strtod(optarg, NULL);
			break;
		case 'p':
			if (opt.pid_count == PIDS_MAX)
				die("too many pids");
			opt.pids[opt.pid_count++] = number(optarg);
			break;
		case 'H':
			if (opt.header_count == HEADERS_MAX)
				die("too many headers");
			opt.headers[opt.header_count++] = optarg;
			break;
		case 'd':
			opt.body = optarg;
			break;
		case 's':
			opt.wait_ms = number(optarg);
			break;
		case 'r':
			opt.random_max = number(optarg);
			break;
		case 'g':
			opt.gap_us = number(optarg);
			break;
		case 'i':
			opt.is_idle = true;
			break;
		case 'a':
			opt.takes_all = true;
			break;
		default:
			die("see the head of load.c");
		}
	}
	if (optind + 1 != argc || opt.connections < 1)
		die("see the head of load.c");
	read_url(argv[optind]);
	write_request();
}

int main(int argc, char **argv)
{
	struct connection *all;

	read_options(argc, argv);
	all = calloc((size_t)opt.connections, sizeof(*all));
	latency = calloc(LATENCY_MAX, sizeof(*latency));
	target.prepare = prepare;
	target.answered = count;
	target.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	target.tls = opt.is_tls ? SSL_CTX_new(TLS_client_method()) : NULL;
	if (!all || !latency || target.epoll_fd < 0 || (opt.is_tls && !target.tls))
		die("out of memory");
	for (int i = 0; i < opt.connections; i++)
		all[i].fd = -1;
	if (opt.wait_ms > 0)
		wait_answer(all);
	else if (opt.is_idle)
		idle(all);
	else
		measure(all);
	return 0;
}
