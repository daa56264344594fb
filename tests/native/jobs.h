/* SPDX-License-Identifier: MIT */
/*
 * jobs.h - tests that wait most of the time do it while others run: each in a
 * process of its own, begun before the first test and judged in the last ones.
 */
#ifndef TESTS_NATIVE_JOBS_H
#define TESTS_NATIVE_JOBS_H

struct job {
	const char *model;		/* NULL ends an array of them */
	int (*fn)(const struct job *job);	/* returns an exit status */
	const char *arg;
	int want;
};
#define JOBS_MAX	64

/* A group's setup: 0. */
int jobs_begin(const struct job *jobs);
/* Wait (at most 60 s each) for those with this model and fn; fails the test
 * unless they ended as wanted.  Returns what all jobs wrote to stderr. */
const char *jobs_end(const struct job *jobs, const char *model,
		     int (*fn)(const struct job *job));

#endif /* TESTS_NATIVE_JOBS_H */
