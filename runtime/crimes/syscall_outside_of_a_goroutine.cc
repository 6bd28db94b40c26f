// dies: system call outside of a goroutine
// SPDX-License-Identifier: Apache-2.0
//
// A thread that runs no world has no processor to leave behind.
#include <sys/syscall.h>

#include "runtime/runtime.h"

int main() { return static_cast<int>(throwsplit::syscall(SYS_getpid)); }
