#ifndef NP
#define NP 2
#endif
#ifndef NM
#define NM 2
#endif
#ifndef PUSHES
#define PUSHES 1
#endif
#ifndef YIELDS
#define YIELDS 0
#endif
#ifndef SUBMITTERS
#define SUBMITTERS 2
#endif
#ifndef TICKS
#define TICKS 1
#endif
#define ALL(n) ((1 << (n)) - 1)
#define NONE 7

byte ring[NP];
byte queued;
bool locked;
byte idle_ps = ALL(NP), idle_ms = ALL(NM); 
byte searching;
bool note[NM]; byte handed[NM];
byte unseen[NM];           /* store buffer */
byte runs[NM] = NONE;         /* the P */
bool wanted;

bool kicked, asleep, deep;
byte pushes = PUSHES, yields = YIELDS, ticks = TICKS;

#define FENCED (unseen[me] == 0)
#define SEEN(m) (m < NM -> unseen[m % NM] == 0 : true)

inline take_lock() { atomic { !locked && SEEN(me) -> locked = true } }

inline monitor_tell() {
  if
  :: asleep -> atomic { SEEN(me) -> kicked = true }
  :: !asleep
  fi
}

inline idle_pop(p) { p = 0; do :: idle_ps & (1 << p) -> break :: else -> p++ od; idle_ps = idle_ps & ~(1 << p) }

/* the caller has counted it */
inline wake_searcher() {
  atomic { !locked && SEEN(me) ->
    if
    :: idle_ps != 0 && idle_ms != 0 -> 
       idle_pop(p2);
       m2 = 0; do :: idle_ms & (1 << m2) -> break :: else -> m2++ od;
       idle_ms = idle_ms & ~(1 << m2);
       handed[m2] = p2
    :: idle_ps == 0 -> m2 = NONE;
#ifndef UNDO_LATE
       searching--
#endif
    :: idle_ps != 0 && idle_ms == 0 -> m2 = NONE; wanted = true;
#ifndef UNDO_LATE
       searching--
#endif
    fi;
    p2 = 0 };
  if
  :: m2 != NONE -> atomic { note[m2] = true; m2 = 0 }
  :: else -> m2 = 0;
#ifdef UNDO_LATE
     searching--;
#endif
#ifdef MON
     if :: wanted -> kicked = true :: else  fi
#endif
  fi
}
inline wake_any() {
  if
  :: idle_ps == 0 -> 
#ifdef MON
     monitor_tell()
#endif
  :: else ->
    if
    :: atomic { searching == 0 && SEEN(me) -> searching = 1 }; wake_searcher()
    :: searching != 0
    fi
  fi
}
inline any_work() {
  k = 0; found = false;
  if :: queued > 0 -> found = true :: else fi;
  do
  :: k < NP && !found ->
     if :: ring[k] > 0 -> found = true :: else -> k++ fi
  :: else -> break
  od; k = 0;
}
inline run_tell() {
#ifdef MON
#ifndef NO_RUN_TELL
  if
  :: asleep -> if :: (ring[p] + unseen[me] > 0 || queued > 0) -> atomic { SEEN(me) -> kicked = true } :: else fi
  :: !asleep
  fi
#endif
#endif
}

proctype Thread(byte me) {
  byte p = NONE, k, p2, m2, n; bool is_searching, found;
sleep:
end_sleep:
  atomic { note[me] -> note[me] = false; p = handed[me]; runs[me] = p; is_searching = true };
find:
  /* own */
  if
  :: atomic { SEEN(me) && ring[p] > 0 -> ring[p]--; goto run_it }
  :: atomic { SEEN(me) && ring[p] == 0 }
  fi;
  /* queue_take_global */
  if
  :: queued > 0 ->
     atomic { !locked ; 
       if
       :: queued > 0 -> 
          n = queued / NP + 1;
          if :: n > queued -> n = queued :: else fi;
          queued = queued - n; ring[p] = ring[p] + n - 1; n = 0; goto run_it
       :: else
       fi }
  :: else
  fi;
  if
  :: is_searching
  :: else -> 
     if
     :: 2 * searching < NP - ((idle_ps & 1) + (idle_ps >> 1)) -> searching++; is_searching = true
     :: else -> goto go_idle
     fi
  fi;
  /* steal */
  k = 0;
  do
  :: k < NP && k != p -> 
     if :: atomic { ring[k] > 0 -> n = ring[k] - ring[k] / 2; ring[k] = ring[k] - n; k = 0; n-- };
           if :: n > 0 -> unseen[me] = n; n = 0 :: else fi; goto run_it
        :: ring[k] == 0 -> k++
     fi
  :: k < NP && k == p -> k++
  :: k == NP -> break
  od; k = 0;
go_idle:
  atomic { !locked && SEEN(me) ;
    if
    :: p != NONE && queued > 0 -> goto find
    :: else
    fi;
    if :: p != NONE -> idle_ps = idle_ps | (1 << p); p = NONE; runs[me] = NONE :: else fi;
    idle_ms = idle_ms | (1 << me);
    if :: is_searching -> searching--; is_searching = false :: else fi };
#ifndef NO_RECHECK
  any_work();
  if
  :: found -> found = false;
     atomic { !locked ;
       if
       :: (idle_ms & (1 << me)) && idle_ps != 0 ->
          idle_pop(p); runs[me] = p;
          idle_ms = idle_ms & ~(1 << me)
       :: else
       fi };
     if
     :: p != NONE -> searching++; is_searching = true; goto find
     :: else
     fi
  :: else
  fi;
#endif
  goto sleep;
run_it:
  if
  :: is_searching -> 
     is_searching = false;
     atomic { SEEN(me) -> searching-- };
#ifndef NO_CHAIN
     if
     :: idle_ps != 0 -> any_work(); if :: found -> found = false; wake_any() :: else fi
     :: else
     fi
#endif
  :: else
  fi;
  run_tell();
runs_it:
  do
  :: goto find /* ends */
  :: (true);
end_hog: (false)
  :: atomic { pushes > 0 && unseen[me] == 0 -> pushes--; unseen[me]++ };
     if
     :: idle_ps != 0 && ring[p] + unseen[me] >= 2 -> wake_any();
#ifndef WAKE_FOR_NO_TELL
#ifdef MON
     monitor_tell()
#endif
#endif
     :: else ->
#ifdef MON
     monitor_tell()
#endif
     fi
  :: atomic { yields > 0 && SEEN(me) && ring[p] > 0 -> yields--; ring[p]-- } ->
#ifdef NO_RUN_TELL
     unseen[me]++
#else
     /* finish: AFTER_YIELD, then tell */
     unseen[me]++;
#ifdef MON
     monitor_tell()
#endif
#endif
  od
}
active [NM] proctype Drain() { byte m = _pid; 
end: do :: atomic { unseen[m] > 0 -> ring[runs[m]]++; unseen[m]-- } od }

proctype Submitter() {
  byte p2, m2; byte me = NM;
  atomic { !locked -> queued++ };
  wake_any()
}
#ifdef MON
inline scan() {
  found = false; k = 0;
  if :: queued > 0 -> found = true :: else fi;
  do
  :: k < NP && !found -> if :: ring[k] > 0 -> found = true :: else -> k++ fi
  :: else -> break
  od; k = 0
}
proctype Monitor() {
  byte me = NM; byte k, p2, m2; bool found;
again:
  kicked = false;
  scan();
  if
  :: found -> found = false; wake_any(); goto tick
  :: !found -> goto tick
  :: !found
  fi;
  asleep = true;
#ifndef NO_FENCE
  (unseen[0] == 0 && unseen[1] == 0);
#endif
#ifndef NO_LOOK
  scan();
  if :: found -> found = false; asleep = false; goto again :: else fi;
#endif
  deep = true;
end_deep:
  kicked;
  deep = false; asleep = false;
  goto again;
tick:
  if
  :: ticks > 0 -> ticks--
  :: timeout -> assert(searching == 0)
  :: kicked
  fi;
  goto again
}
#endif

init { byte i; atomic { 
  for (i : 0 .. NM-1) { run Thread(i) }
  for (i : 1 .. SUBMITTERS) { run Submitter() } i = 0;
#ifdef MON
  run Monitor();
#endif
  }
  timeout; 
  assert(searching == 0);
#ifdef MON
  assert(!deep || (queued == 0 && ring[0] == 0 && ring[1] == 0))
#else
  assert(queued == 0 || idle_ps == 0)
#endif
}
