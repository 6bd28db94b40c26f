# For programs that link with lld or gold: their checked objects lose the split-stack notes.
# SPDX-License-Identifier: Apache-2.0
#
#   throwsplit_strip_notes(target)    for a target that links throwsplit::split_stack
#
# With the notes these linkers take every call from checked into unchecked code for one that needs a
# larger stack, and make the check of the caller trip always: main, on the thread's own stack, dies
# of it. GNU ld reads no notes. Part of the package; see docs/packaging.md.

function(throwsplit_strip_notes target)
  find_program(THROWSPLIT_OBJCOPY NAMES llvm-objcopy-19 llvm-objcopy "${CMAKE_OBJCOPY}" objcopy
               REQUIRED DOC "objcopy that strips the split-stack notes")
  mark_as_advanced(THROWSPLIT_OBJCOPY)
  set(launcher "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compile_stripped")
  set_property(TARGET ${target} PROPERTY RULE_LAUNCH_COMPILE
               "\"${launcher}\" \"${THROWSPLIT_OBJCOPY}\" <OBJECT>")
endfunction()
