// The collector: allocation, roots, and a collection from its first look to its last.
// SPDX-License-Identifier: Apache-2.0
//
// A collection has two halves. While the world runs it claims each goroutine in turn by its scan
// bit and shrinks its stack; who runs is asked to do that itself when it gives way. Then it stops
// the world, claims each goroutine once more, and marks what its stack points at; it marks what
// that leads to, and frees the rest. The claim is needed although the world is stopped: sysmon, the
// keeper of the timers and whoever comes back from a system call make goroutines runnable without
// a P.
#pragma once

#include "runtime/gc/heap.h"
#include "runtime/gmp/gmp.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// A zeroed object, aligned to 16 bytes; null: the kernel refuses memory. Needs: a P (from a
// goroutine, or on the system stack of an M that runs one).
void* gcheap_alloc(size_t bytes, GcHolds holds);
// So much was allocated since the last collection that the next one is due.
bool gcheap_is_due(World& world);
// Looks for pointers in a range at each collection, until it is taken back. False: no memory.
bool gcheap_add_root(World& world, uintptr_t base, size_t bytes);
// False: there is no such range.
bool gcheap_remove_root(World& world, uintptr_t base);

// One collection, on the system stack, with the right to stop the world (semacquire_world).
void gc_collect(World& world);
// The same for who may not wait for that right. False: somebody else stops the world.
bool gc_collect_try(World& world);

// Claims gp for its scanner: once it returns true, gp's work of this phase is done and restartg is
// due. False: gp is dead, or was done before, or runs and was asked to do the work itself.
bool stopg(G* gp);
// Lets gp go.
void restartg(G* gp);
// Marks what gp's stack points at. Needs: to own the stack.
void scanstack(World& world, G* gp);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
