// dies: stack overflow
// SPDX-License-Identifier: Apache-2.0
//
// A mapped stack is asked for a frame beyond the limit of its world.
#include "runtime/crimes/mapped.h"

extern "C" {
void throwsplit_crime_greedy(void*);
}
asm(R"(
        .text
throwsplit_crime_greedy:
        movl    $0x7fffffff, %r10d
        call    throwsplit_)" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) R"(_morestack_mapped
        ret
)");

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { throwsplit::go_mapped(throwsplit_crime_greedy, nullptr); });
}
