# The options, and what is the same for every file of a build: warnings, sanitizers, hardening.
# SPDX-License-Identifier: Apache-2.0

option(THROWSPLIT_TESTS "Build unit tests, crimes and benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(THROWSPLIT_HOUSE_TESTS "Register the tidiness checks (floors, format, tidy) with ctest" OFF)
option(THROWSPLIT_FUZZ "Build fuzz/: the harness, its targets and tools" ${PROJECT_IS_TOP_LEVEL})
option(THROWSPLIT_LIBFUZZER "Instrument for libFuzzer and link the targets with it" OFF)
option(THROWSPLIT_COVERAGE "Instrument for llvm-cov" OFF)
option(THROWSPLIT_HARDEN "Full RELRO, PIE, _FORTIFY_SOURCE and _GLIBCXX_ASSERTIONS" OFF)
option(THROWSPLIT_WERROR "Treat warnings as errors" OFF)
option(THROWSPLIT_STATIC_PACKAGES "Link what the stack-budget checker needs from archives" OFF)
set(THROWSPLIT_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread or nothing")
set(THROWSPLIT_LINKER "" CACHE STRING
    "Linker for -fuse-ld= (lld, bfd); empty means the compiler's own")
set(THROWSPLIT_FUZZING_ENGINE "$ENV{LIB_FUZZING_ENGINE}" CACHE STRING
    "Link argument of fuzz targets only: a flag or an archive; taken from LIB_FUZZING_ENGINE")

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  message(FATAL_ERROR "Throwsplit runs on x86-64 Linux only; this is "
          "${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR}.")
endif()
if(THROWSPLIT_SANITIZE AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  message(FATAL_ERROR "THROWSPLIT_SANITIZE=${THROWSPLIT_SANITIZE} cannot be combined with "
          "-fsanitize= already in CMAKE_CXX_FLAGS (${CMAKE_CXX_FLAGS}). Use one of the two.")
endif()
set(throwsplit_sanitizers "${THROWSPLIT_SANITIZE} ${CMAKE_CXX_FLAGS}")
foreach(name address thread undefined)
  set(throwsplit_has_${name} 0)
  if(",${THROWSPLIT_SANITIZE}," MATCHES ",${name}," OR
     CMAKE_CXX_FLAGS MATCHES "-fsanitize=([^ ]*,)?${name}(,| |$)")
    set(throwsplit_has_${name} 1)
  endif()
endforeach()
# One check of UndefinedBehaviorSanitizer is enough: OSS-Fuzz names those it wants, one by one.
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=[^ ]*(signed-integer-overflow|bounds|shift|vptr)")
  set(throwsplit_has_undefined 1)
endif()
if(throwsplit_has_thread AND throwsplit_has_address)
  message(FATAL_ERROR "ThreadSanitizer and AddressSanitizer cannot be in one build.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Ours come after those of the environment, so that an outer build (OSS-Fuzz) keeps its own. The
# assembler files get definitions only, through the targets.
function(throwsplit_compile_options)
  foreach(option IN LISTS ARGN)
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${option}>")
  endforeach()
endfunction()

throwsplit_compile_options(-Wall -Wextra -Wshadow -fno-omit-frame-pointer)
if(THROWSPLIT_WERROR)
  throwsplit_compile_options(-Werror)
endif()
if(THROWSPLIT_LINKER)
  add_link_options("-fuse-ld=${THROWSPLIT_LINKER}")
endif()
# No lazy binding: the first call of a library function would run the dynamic linker on the
# goroutine's stack, where it saves every vector register.
add_link_options(LINKER:-z,now)
if(THROWSPLIT_SANITIZE)
  throwsplit_compile_options("-fsanitize=${THROWSPLIT_SANITIZE}" -fno-sanitize-recover=all)
  add_link_options("-fsanitize=${THROWSPLIT_SANITIZE}")
endif()
if(THROWSPLIT_LIBFUZZER AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize=[^ ]*fuzzer")
  throwsplit_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(THROWSPLIT_LIBFUZZER OR CMAKE_CXX_FLAGS MATCHES "-fsanitize=[^ ]*fuzzer")
  # The stack-depth counter is a thread-local that takes a goroutine's stack for the thread's.
  # Comparisons and indirect calls say nothing about schedules and took a quarter of the time.
  throwsplit_compile_options(-fno-sanitize-coverage=stack-depth,trace-cmp,indirect-calls)
endif()
if(THROWSPLIT_COVERAGE)
  throwsplit_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
if(THROWSPLIT_HARDEN)
  throwsplit_compile_options(-fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  add_link_options(-pie LINKER:-z,relro)
endif()

# Which sanitizer is linked in: defined to 1, or not defined at all. Told to every file, because one
# built without TSan (inject/, fuzz/) or an assembler file cannot ask the compiler.
if(throwsplit_has_address)
  add_compile_definitions(THROWSPLIT_ASAN=1)
endif()
if(throwsplit_has_thread)
  add_compile_definitions(THROWSPLIT_TSAN=1)
endif()
if(throwsplit_has_undefined)
  add_compile_definitions(THROWSPLIT_UBSAN=1)
endif()

# Strips the split-stack notes after each compile, so that lld and GNU ld agree. llvm-objcopy keeps
# what clang adds to its objects.
find_program(THROWSPLIT_OBJCOPY NAMES llvm-objcopy-19 llvm-objcopy "${CMAKE_OBJCOPY}" objcopy
             REQUIRED DOC "objcopy that strips the split-stack notes")
mark_as_advanced(THROWSPLIT_OBJCOPY)
set(launcher "${PROJECT_SOURCE_DIR}/ci/cmake/compile_stripped")
set_property(DIRECTORY PROPERTY RULE_LAUNCH_COMPILE
             "\"${launcher}\" \"${THROWSPLIT_OBJCOPY}\" <OBJECT>")
# Assembler files need no optimiser, and never lose their line numbers.
set(CMAKE_ASM_FLAGS_DEBUG "-g")
set(CMAKE_ASM_FLAGS_RELEASE "-g")

# The harness's archives stand over the flavour that a program chooses, so no single order suits a
# linker that reads each archive once (GNU ld; lld reads them all).
string(REPLACE "<LINK_LIBRARIES>" "-Wl,--start-group <LINK_LIBRARIES> -Wl,--end-group"
       CMAKE_CXX_LINK_EXECUTABLE "${CMAKE_CXX_LINK_EXECUTABLE}")

# What tests run with: one entry a variable. The symbolizer comes from PATH or not at all.
string(REGEX MATCH "^[0-9]+" throwsplit_compiler_major "${CMAKE_CXX_COMPILER_VERSION}")
find_program(THROWSPLIT_SYMBOLIZER
             NAMES "llvm-symbolizer-${throwsplit_compiler_major}" llvm-symbolizer-19 llvm-symbolizer
             DOC "Symbolizer for sanitizer reports in tests")
mark_as_advanced(THROWSPLIT_SYMBOLIZER)
set(throwsplit_symbolizer "")
if(THROWSPLIT_SYMBOLIZER)
  set(throwsplit_symbolizer ":external_symbolizer_path=${THROWSPLIT_SYMBOLIZER}")
endif()
set(THROWSPLIT_TEST_ENVIRONMENT "THROWSPLIT_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
    "THROWSPLIT_BINARY_DIR=${PROJECT_BINARY_DIR}")
if(throwsplit_has_address)
  string(JOIN ":" flags detect_stack_use_after_return=1 abort_on_error=1 detect_leaks=1)
  list(APPEND THROWSPLIT_TEST_ENVIRONMENT "ASAN_OPTIONS=${flags}${throwsplit_symbolizer}")
endif()
if(throwsplit_has_thread)
  # A World has joined its threads when run() returns: nothing can race with the end of a process,
  # for which TSan would wait a second in each test.
  list(APPEND THROWSPLIT_TEST_ENVIRONMENT
       "TSAN_OPTIONS=halt_on_error=1:abort_on_error=1:atexit_sleep_ms=0${throwsplit_symbolizer}")
endif()
if(throwsplit_has_undefined)
  list(APPEND THROWSPLIT_TEST_ENVIRONMENT
       "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1${throwsplit_symbolizer}")
endif()
