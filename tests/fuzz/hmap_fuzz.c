// SPDX-License-Identifier: GPL-2.0
/*
 * hmap_fuzz [-n CALLS] [-p PROCESSES] [-s SEED]
 *
 * Random calls of /dev/hmap, by several processes; see fuzz.h. Needs root and a
 * freshly loaded module. Prints its seed, how often each command returned what,
 * and fails if anything was returned that should not have been, or is lost, or if
 * a command never succeeded or never failed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../random.h"
#include "fuzz.h"

/* So many calls that whatever is possible has happened. */
#define MANY_CALLS	200000

struct world *world;
u64 seed;
u32 workers = 4;
u32 self;
bool visitor;

/* ---- random numbers, from the seed and the process's number ---- */

static __u64 rng;

u64 rnd(void)
{
	return random_next(&rng);
}

u64 rnd_below(u64 n)
{
	return rnd() % n;
}

bool one_in(u32 n)
{
	return !rnd_below(n);
}

/* ---- results ---- */

static void print_argument(const struct call *c)
{
	const u8 *p = c->arg.room;
	u32 i;

	printf("fd %d, mode %d, key_size %u, value_size %u, %s, %s\n",
	       c->slot->fd, c->slot->mode, c->slot->key_size,
	       c->slot->value_size, c->model ? "own keys" : "guest",
	       c->broken ? "broken" : "right");
	for (i = 0; i < c->command->size; i++)
		printf("%02x%s", p[i], i % 16 == 15 ? "\n" : " ");
	printf("\n");
}

void fail(const struct call *c, const char *format, ...)
{
	va_list args;

	world->failed = true;
	printf("process %u: %s: ", self, c ? c->command->name : "check");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (c)
		print_argument(c);
	fflush(stdout);
	_exit(1);
}

void count_result(u32 row, int ret)
{
	__atomic_add_fetch(&world->results[row][ret < 0 ? -ret : 0], 1,
			   __ATOMIC_RELAXED);
}

/* Returns whether there has been success and failure. */
static bool print_results(const char *name, u32 row)
{
	const u64 *results = world->results[row];
	u64 failures = 0;
	u32 i;

	printf("%-8s ok %llu", name, results[0]);
	for (i = 1; i < MAX_ERRNO; i++) {
		failures += results[i];
		if (results[i])
			printf(", %s %llu", strerrorname_np(i), results[i]);
	}
	printf("\n");
	return results[0] && failures;
}

static bool print_table(void)
{
	bool all;
	u32 i;

	printf("%llu calls\n", world->calls);
	all = print_results("mmap", ROW_MMAP);
	all = print_results("mapped", ROW_LOOKUP) && all;
	for (i = 0; i < n_commands; i++)
		all = print_results(commands[i].name, i) && all;
	if (!all && world->calls >= MANY_CALLS) {
		printf("not all of this has succeeded and failed\n");
		return false;
	}
	return true;
}

/* ---- processes ---- */

static void on_alarm(int signal)
{
}

/* Signals at any time; half of the processes go on with what was interrupted. */
static void begin_alarms(void)
{
	const struct sigaction action = {
		.sa_handler = on_alarm,
		.sa_flags = self % 2 ? 0 : SA_RESTART,
	};
	const struct itimerval interval = {
		.it_interval.tv_usec = 2000 + rnd_below(3000),
		.it_value.tv_usec = 1000,
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
}

static bool is_over(void)
{
	return __atomic_load_n(&world->calls, __ATOMIC_RELAXED) >= world->limit ||
	       world->failed;
}

static void work(void)
{
	rng = seed + self;
	rng = rnd();
	maps_begin();
	begin_alarms();
	while (!is_over()) {
		if (one_in(400))
			maps_act();
		else if (one_in(40))
			mapped_act();
		else
			make_call();
	}
	maps_check_all();
	_exit(0);
}

static int open_device(void)
{
	int fd = open(HMAP_DEVICE, O_RDWR | O_CLOEXEC);
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat)) {
		perror(HMAP_DEVICE);
		exit(1);
	}
	world->device = stat.st_rdev;
	return fd;
}

/* Names are left: those of maps that no process has removed. */
static bool destroy_names(void)
{
	DIR *dir = opendir(HMAP_NODES);
	struct dirent *entry;
	bool done = dir;

	while (done && (entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			done = !unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	return done;
}

static bool finish(int fd)
{
	struct hmap_ioc_plain plain = { .size = sizeof(plain) };

	if (!destroy_names())
		perror(HMAP_NODES);
	else if (call_to_the_end(fd, HMAP_IOC_VERIFY, &plain))
		perror("VERIFY");
	else
		return true;
	return false;
}

/*
 * Whether this is the new process is asked of getpid(): in one run on a busy host two
 * processes did the work of one, as if fork() of user-mode Linux had returned 0 twice.
 */
static void start_worker(u32 i)
{
	pid_t parent = getpid();

	self = i;
	if (fork() < 0) {
		perror("fork");
		exit(1);
	}
	if (getpid() == parent)
		return;
	world->pids[i] = getpid();
	work();
}

static bool run(void)
{
	bool ok = true;
	int status;
	u32 i;

	for (i = 0; i < workers; i++)
		start_worker(i);
	for (i = 0; i < workers; i++) {
		pid_t pid = wait(&status);

		if (status)
			printf("process with pid %d ended with %#x\n", pid, status);
		ok = ok && pid > 0 && !status;
	}
	return ok;
}

static void options(int argc, char **argv)
{
	int opt;

	world->limit = 1000000;
	seed = time(NULL);
	while ((opt = getopt(argc, argv, "n:p:s:")) != -1) {
		if (opt == 'n')
			world->limit = strtoull(optarg, NULL, 0);
		else if (opt == 'p')
			workers = atoi(optarg);
		else if (opt == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			exit(2);
	}
	if (!workers || workers > MAX_WORKERS)
		exit(2);
}

int main(int argc, char **argv)
{
	bool ok;
	int fd;

	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (world == MAP_FAILED)
		return 1;
	options(argc, argv);
	printf("seed %llu, %u processes\n", seed, workers);
	fflush(stdout);
	fd = open_device();
	rooms_begin();
	ok = run();
	ok = print_table() && ok;
	return finish(fd) && ok ? 0 : 1;
}
