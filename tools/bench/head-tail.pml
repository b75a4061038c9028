/*
 * The head and two tails of one hugetlb page's vmemmap, S6 by RO first and a copy: the same model as
 * explorer-case.ts. CPU 0 updates; the others read the tails; every TLB caches any entry at any moment
 * (the value in the table, or an older one until the next DSB), drops it at any moment, and obeys a TLBI
 * as late as the DSB after it. -DNO_COPY leaves the copy out, which the clause about contents forbids.
 */
#ifndef CPUS
#define CPUS 2
#endif
#define E 3

/* Values of an entry: its own frame writable, its own frame read-only, the head's frame read-only. */
#define RW 1
#define RO 2
#define SHARED 3
#define FRAME(e, v) ((v) == SHARED -> 0 : (e))

/* Contents of a frame: the head's, a tail's, or half copied. */
#define HEAD 0
#define TAIL 1
#define HALF 2

byte cur[E];
byte older[E];
byte slot[CPUS * E];
bit doomed[CPUS * E];
byte holds[E];
bit freed[E];
hidden byte i, j, k, seen;

/* Break-before-make between two values that may both be used. */
inline mayBoth(e, x, y) {
  if
  :: FRAME(e, x) != FRAME(e, y) ->
     assert(x != RW && y != RW);
     assert(holds[FRAME(e, x)] == holds[FRAME(e, y)])
  :: else
  fi
}

inline writeEntry(e, v) {
  d_step {
    seen = older[e] | (1 << cur[e]);
    i = 0;
    do
    :: i < CPUS -> seen = seen | (1 << slot[i * E + e]); i++
    :: else -> break
    od;
    i = 1;
    do
    :: i <= SHARED ->
       if
       :: (seen >> i) & 1 -> mayBoth(e, i, v)
       :: else
       fi;
       i++
    :: else -> break
    od;
    older[e] = older[e] | (1 << cur[e]);
    cur[e] = v;
    i = 0; seen = 0
  }
}

inline dsbStores() {
  d_step { i = 0; do :: i < E -> older[i] = 0; i++ :: else -> break od; i = 0 }
}

inline tlbi(from, to) {
  d_step {
    i = 0;
    do
    :: i < CPUS ->
       j = from;
       do
       :: j <= to ->
          if :: slot[i * E + j] != 0 -> doomed[i * E + j] = 1 :: else fi;
          j++
       :: else -> break
       od;
       i++
    :: else -> break
    od;
    i = 0; j = 0
  }
}

inline dsb() {
  d_step {
    i = 0;
    do :: i < E -> older[i] = 0; i++ :: else -> break od;
    i = 0;
    do
    :: i < CPUS * E ->
       if :: doomed[i] -> doomed[i] = 0; slot[i] = 0 :: else fi;
       i++
    :: else -> break
    od;
    i = 0
  }
}

inline flush(from, to) { dsbStores(); tlbi(from, to); dsb() }
inline copyTo(f) { holds[f] = HALF; holds[f] = holds[0] }

/* No TLB translates to a frame that is freed, and no entry does. */
inline freeFrame(f) {
  d_step {
    j = 0;
    do
    :: j < E ->
       assert(cur[j] == 0 || FRAME(j, cur[j]) != f);
       i = 0;
       do
       :: i < CPUS -> assert(slot[i * E + j] == 0 || FRAME(j, slot[i * E + j]) != f); i++
       :: else -> break
       od;
       j++
    :: else -> break
    od;
    freed[f] = 1;
    i = 0; j = 0
  }
}

proctype updater() {
  writeEntry(0, RO); writeEntry(1, RO); writeEntry(2, RO);
  flush(0, 2);
#ifndef NO_COPY
  copyTo(1); copyTo(2);
#endif
  writeEntry(1, SHARED); writeEntry(2, SHARED);
  flush(1, 2);
  writeEntry(0, RW);
  flush(0, 0);
  freeFrame(1); freeFrame(2)
}

#define AT(c, e) slot[(c) * E + (e)]
#define FILL(c, e) \
  :: d_step { AT(c, e) != cur[e] || doomed[(c) * E + (e)] -> AT(c, e) = cur[e]; doomed[(c) * E + (e)] = 0 }
#define FILL_OLD(c, e, v) \
  :: d_step { ((older[e] >> v) & 1) && (AT(c, e) != v || doomed[(c) * E + (e)]) -> AT(c, e) = v; doomed[(c) * E + (e)] = 0 }
#define EVICT(c, e) \
  :: d_step { AT(c, e) != 0 -> AT(c, e) = 0; doomed[(c) * E + (e)] = 0 }

/* Every translation that a load may use, and every two of them. */
inline load(c, e) {
  d_step {
    seen = (older[e] | (1 << cur[e]) | (1 << AT(c, e))) & 14;
    i = 1;
    do
    :: i <= SHARED ->
       if
       :: (seen >> i) & 1 ->
          assert(!freed[FRAME(e, i)]);
          k = i + 1;
          do
          :: k <= SHARED ->
             if :: (seen >> k) & 1 -> mayBoth(e, i, k) :: else fi;
             k++
          :: else -> break
          od
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0; k = 0; seen = 0
  }
}

#define HARDWARE(c) \
  FILL(c, 0) FILL(c, 1) FILL(c, 2) \
  FILL_OLD(c, 0, RW) FILL_OLD(c, 0, RO) \
  FILL_OLD(c, 1, RW) FILL_OLD(c, 1, RO) FILL_OLD(c, 2, RW) FILL_OLD(c, 2, RO) \
  EVICT(c, 0) EVICT(c, 1) EVICT(c, 2)

proctype walker(byte c) {
  end:
  do
  HARDWARE(c)
  od
}

proctype reader(byte c) {
  end:
  do
  :: load(c, 1)
  :: load(c, 2)
  od
}

init {
  atomic {
    cur[0] = RW; cur[1] = RW; cur[2] = RW;
    holds[1] = TAIL; holds[2] = TAIL;
    byte c = 0;
    do
    :: c < CPUS ->
       run walker(c);
       if :: c > 0 -> run reader(c) :: else fi;
       c++
    :: else -> break
    od;
    c = 0;
    run updater()
  }
}
