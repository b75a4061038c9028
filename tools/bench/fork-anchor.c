/*
 * The anchor of `npm run bench -- fork`: what fork does to the entries of 64K folios, as a plain loop
 * over flat arrays. Built with `cc -O2`. It is given the state that the engine starts from and must
 * reach the state that the engine reaches; both print the same checksum.
 *
 * Argument: a file of 32-bit words {pages, pages of a folio, then a page: attr lane, pfn lane, page
 * word, and a folio: refcount}. Input: a line for each timed run. Output: a line of nanoseconds and
 * checksum for each.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALID (UINT64_C(1) << 0)
#define RDONLY (UINT64_C(1) << 7)
#define AF (UINT64_C(1) << 10)
#define WRITE (UINT64_C(1) << 51)
#define DIRTY (UINT64_C(1) << 55)
#define EXCLUSIVE (UINT32_C(1) << 20)

static uint32_t pages, folio_pages;
static uint64_t *before, *parent, *child;
static uint32_t *words_before, *words, *refs_before, *refs;
static uint32_t cleared;

static void *array(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory) {
		perror("calloc");
		exit(1);
	}
	return memory;
}

static uint32_t word_of(FILE *file)
{
	uint32_t word;

	if (fread(&word, sizeof word, 1, file) != 1) {
		fprintf(stderr, "the state ends early\n");
		exit(1);
	}
	return word;
}

/* Lane bits 11:0 are descriptor bits 11:0, lane bits 25:12 are 63:50, as in the engine. */
static uint64_t descriptor(uint32_t attr, uint32_t pfn)
{
	return (uint64_t)(attr >> 12) << 50 | (uint64_t)pfn << 12 | (attr & 0xfff);
}

static void load(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint32_t i;

	if (!file) {
		perror(path);
		exit(1);
	}
	pages = word_of(file);
	folio_pages = word_of(file);
	before = array(pages, sizeof *before);
	parent = array(pages, sizeof *parent);
	child = array(pages, sizeof *child);
	words_before = array(pages, sizeof *words);
	words = array(pages, sizeof *words);
	refs_before = array(pages / folio_pages, sizeof *refs);
	refs = array(pages / folio_pages, sizeof *refs);
	for (i = 0; i < pages; i++) {
		uint32_t attr = word_of(file);
		uint32_t pfn = word_of(file);

		before[i] = descriptor(attr, pfn);
		words_before[i] = word_of(file);
	}
	for (i = 0; i < pages / folio_pages; i++)
		refs_before[i] = word_of(file);
	fclose(file);
}

/* Every array is written, the child's first, as the engine does before a timed run. */
static void restore(void)
{
	memset(child, 0, pages * sizeof *child);
	memcpy(parent, before, pages * sizeof *parent);
	memcpy(words, words_before, pages * sizeof *words);
	memcpy(refs, refs_before, pages / folio_pages * sizeof *refs);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

/* Everything timed: 16 pages a folio, whatever `folio_pages` is elsewhere. */
static void copy(void)
{
	uint32_t exclusive = 0;
	uint32_t i;

	for (i = 0; i < pages; i++) {
		uint64_t pte = parent[i];

		if (!(pte & VALID))
			continue;
		if ((i & 15) == 0)
			refs[i >> 4] += 16;
		exclusive += (words[i] & EXCLUSIVE) != 0;
		words[i] = (words[i] & ~EXCLUSIVE) + 1;
		if (pte & WRITE) {
			if (!(pte & RDONLY))
				pte |= DIRTY;
			pte = (pte & ~WRITE) | RDONLY;
			parent[i] = pte;
		}
		child[i] = pte & ~AF;
	}
	cleared = exclusive;
}

static uint32_t mix(uint32_t sum, uint32_t word)
{
	return (sum ^ word) * UINT32_C(16777619);
}

static uint32_t mix_descriptor(uint32_t sum, uint64_t pte)
{
	sum = mix(sum, (uint32_t)(pte >> 50) << 12 | (uint32_t)(pte & 0xfff));
	return mix(sum, (uint32_t)(pte >> 12 & UINT32_C(0xffffffff)));
}

static uint32_t checksum(void)
{
	uint32_t sum = mix(UINT32_C(2166136261), cleared);
	uint32_t i;

	for (i = 0; i < pages; i++) {
		sum = mix_descriptor(sum, parent[i]);
		sum = mix_descriptor(sum, child[i]);
		sum = mix(sum, words[i]);
	}
	for (i = 0; i < pages / folio_pages; i++)
		sum = mix(sum, refs[i]);
	return sum;
}

int main(int argc, char **argv)
{
	char line[64];

	if (argc != 2) {
		fprintf(stderr, "usage: fork-anchor STATE\n");
		return 2;
	}
	load(argv[1]);
	if (folio_pages != 16) {
		fprintf(stderr, "folios of 16 pages only\n");
		return 2;
	}
	while (fgets(line, sizeof line, stdin)) {
		double start, end;

		restore();
		start = now();
		copy();
		end = now();
		printf("%.0f %u\n", end - start, checksum());
		fflush(stdout);
	}
	return 0;
}
