/*
 * The anchor of `npm run bench -- exit`: what exit does to the entries of 64K folios and to the folios
 * themselves, as plain loops over flat arrays. Built with `cc -O2`. It is given the state that the
 * engine starts from and must reach the state that the engine reaches; both print the same checksum.
 *
 * Argument: a file of 32-bit words {pages, pages of a folio, pages of a table, order of the largest
 * block, first frame, pages that one slot of the gather stands for, then a page: attr lane, pfn lane, page word, a folio: refcount, and a table: its
 * number}. Input: a line for each timed run. Output: a line of nanoseconds and checksum for each.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALID (UINT64_C(1) << 0)
#define MAPCOUNT (UINT32_C(0xfffff))
#define FOLIO_ORDER 4
#define FOLIO_PAGES 16
/*
 * What waits before it is freed, 8 slots on the stack, then 19 batches of 510: a page takes one slot, and
 * several pages of a folio take two.
 */
#define GATHER 9698
#define MAX_ORDERS 16

static uint32_t pages, table_pages, max_order, first_pfn, unit;
static uint64_t *before, *entries;
static uint32_t *words_before, *words, *refs_before, *refs;
static uint32_t *tables, *links;
/* A bit for each free block of an order, by its number from the first frame on. */
static uint32_t *free_blocks[MAX_ORDERS];
static uint32_t gather[GATHER], queued;
static uint32_t resident, unmapped_pages, freed_folios, freed_pages, free_table;

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

static uint32_t frame(uint64_t pte)
{
	return (uint32_t)(pte >> 12);
}

static size_t bitmap_words(uint32_t order)
{
	return ((pages >> order) + 31) / 32;
}

static void load(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint32_t i, folio_pages;

	if (!file) {
		perror(path);
		exit(1);
	}
	pages = word_of(file);
	folio_pages = word_of(file);
	table_pages = word_of(file);
	max_order = word_of(file);
	first_pfn = word_of(file);
	unit = word_of(file);
	if (folio_pages != FOLIO_PAGES || max_order >= MAX_ORDERS || (unit != 1 && unit != FOLIO_PAGES)) {
		fprintf(stderr, "folios of %d pages, one or all a slot, and orders below %d only\n", FOLIO_PAGES,
			MAX_ORDERS);
		exit(2);
	}
	before = array(pages, sizeof *before);
	entries = array(pages, sizeof *entries);
	words_before = array(pages, sizeof *words);
	words = array(pages, sizeof *words);
	refs_before = array(pages / FOLIO_PAGES, sizeof *refs);
	refs = array(pages / FOLIO_PAGES, sizeof *refs);
	tables = array(pages / table_pages, sizeof *tables);
	links = array(pages / table_pages, sizeof *links);
	for (i = 0; i <= max_order; i++)
		free_blocks[i] = array(bitmap_words(i), sizeof **free_blocks);
	for (i = 0; i < pages; i++) {
		uint32_t attr = word_of(file);
		uint32_t pfn = word_of(file);

		before[i] = descriptor(attr, pfn);
		words_before[i] = word_of(file);
	}
	for (i = 0; i < pages / FOLIO_PAGES; i++)
		refs_before[i] = word_of(file);
	for (i = 0; i < pages / table_pages; i++)
		tables[i] = word_of(file);
	fclose(file);
}

/* Every array is written, as the engine does before a timed run. */
static void restore(void)
{
	uint32_t order;

	for (order = 0; order <= max_order; order++)
		memset(free_blocks[order], 0, bitmap_words(order) * sizeof **free_blocks);
	memset(links, 0, pages / table_pages * sizeof *links);
	memcpy(entries, before, pages * sizeof *entries);
	memcpy(words, words_before, pages * sizeof *words);
	memcpy(refs, refs_before, pages / FOLIO_PAGES * sizeof *refs);
	resident = pages;
	unmapped_pages = freed_folios = freed_pages = free_table = 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

/* A block goes back to the allocator and merges with its free buddies. */
static void release(uint32_t pfn, uint32_t order)
{
	uint32_t block = (pfn - first_pfn) >> order;

	while (order < max_order && free_blocks[order][(block ^ 1) >> 5] & UINT32_C(1) << ((block ^ 1) & 31)) {
		free_blocks[order][block >> 5] &= ~(UINT32_C(1) << ((block ^ 1) & 31));
		block >>= 1;
		order++;
	}
	free_blocks[order][block >> 5] |= UINT32_C(1) << (block & 31);
}

/* What was queued loses its references; folios that nobody holds any more are freed. */
static void free_queued(void)
{
	uint32_t i, page;

	for (i = 0; i < queued; i++) {
		uint32_t pfn = gather[i];
		uint32_t first = pfn - first_pfn;

		refs[first >> FOLIO_ORDER] -= unit;
		if (refs[first >> FOLIO_ORDER])
			continue;
		first &= ~(FOLIO_PAGES - 1);
		for (page = first; page < first + FOLIO_PAGES; page++)
			words[page] = 0;
		freed_folios++;
		freed_pages += FOLIO_PAGES;
		release(first + first_pfn, FOLIO_ORDER);
	}
	queued = 0;
}

/* Everything timed. */
static void zap(void)
{
	uint32_t room = unit == 1 ? GATHER : GATHER / 2;
	uint32_t i;

	for (i = 0; i < pages; i++) {
		uint64_t pte = entries[i];

		if (!(pte & VALID))
			continue;
		entries[i] = 0;
		words[frame(pte) - first_pfn]--;
		unmapped_pages += !(words[frame(pte) - first_pfn] & MAPCOUNT);
		if ((i & (unit - 1)) == unit - 1) {
			resident -= unit;
			gather[queued++] = frame(pte) - (unit - 1);
			if (queued == room)
				free_queued();
		}
	}
	for (i = 0; i < pages / table_pages; i++) {
		links[i] = free_table;
		free_table = tables[i];
	}
	free_queued();
}

static uint32_t mix(uint32_t sum, uint32_t word)
{
	return (sum ^ word) * UINT32_C(16777619);
}

static uint32_t checksum(void)
{
	uint32_t sum = UINT32_C(2166136261);
	uint32_t i, order;

	sum = mix(mix(mix(sum, resident), freed_folios), freed_pages);
	for (i = 0; i < pages; i++) {
		uint64_t pte = entries[i];

		sum = mix(sum, (uint32_t)(pte >> 50) << 12 | (uint32_t)(pte & 0xfff));
		/* The first entry of a free table says which one is free after it. */
		sum = mix(sum, i % table_pages ? frame(pte) : links[i / table_pages]);
		sum = mix(sum, words[i]);
	}
	for (i = 0; i < pages / FOLIO_PAGES; i++)
		sum = mix(sum, refs[i]);
	for (order = 0; order <= max_order; order++)
		for (i = 0; i < pages >> order; i++)
			sum = mix(sum, free_blocks[order][i >> 5] >> (i & 31) & 1);
	return sum;
}

int main(int argc, char **argv)
{
	char line[64];

	if (argc != 2) {
		fprintf(stderr, "usage: exit-anchor STATE\n");
		return 2;
	}
	load(argv[1]);
	while (fgets(line, sizeof line, stdin)) {
		double start, end;

		restore();
		start = now();
		zap();
		end = now();
		printf("%.0f %u\n", end - start, checksum());
		fflush(stdout);
	}
	return 0;
}
