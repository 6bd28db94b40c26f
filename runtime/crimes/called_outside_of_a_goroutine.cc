// dies: called outside of a goroutine
// SPDX-License-Identifier: Apache-2.0
//
// yield() on a thread that runs no world.
#include "runtime/runtime.h"

int main() { throwsplit::yield(); }
