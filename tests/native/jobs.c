// SPDX-License-Identifier: MIT
/* jobs.c - tests in the background. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "help.h"
#include "jobs.h"

static pid_t pids[JOBS_MAX];
static int log_fd;

static void run_job(const struct job *job, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(log_fd, STDERR_FILENO) < 0)
		_exit(255);
	_exit(job->fn(job));
}

int jobs_begin(const struct job *jobs)
{
	pid_t parent = getpid();

	log_fd = memfd_create("jobs-log", MFD_CLOEXEC);
	if (log_fd < 0)
		return -1;
	for (unsigned int i = 0; i < JOBS_MAX && jobs[i].model; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return -1;
		if (pids[i] == 0)
			run_job(&jobs[i], parent);
	}
	return 0;
}

const char *jobs_end(const struct job *jobs, const char *model,
		     int (*fn)(const struct job *job))
{
	static char text[1 << 20];
	ssize_t n;
	int bad = 0;

	for (unsigned int i = 0; i < JOBS_MAX && jobs[i].model; i++) {
		const struct job *j = &jobs[i];
		int status;

		if (j->fn != fn || strcmp(j->model, model) != 0)
			continue;
		status = run_wait(pids[i], 60000);
		if (status == j->want)
			continue;
		print_error("%s %s: ended with %d, not %d\n", model, j->arg ? j->arg : "",
			    status, j->want);
		bad++;
	}
	n = pread(log_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	if (bad) {
		print_error("the log of all:\n%s", text);
		fail_msg("%d jobs ended in a wrong way", bad);
	}
	return text;
}
