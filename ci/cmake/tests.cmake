# Unit tests, benchmarks, crimes and house checks, found by name and registered with ctest.
# SPDX-License-Identifier: Apache-2.0
#
# The head of a test, a benchmark or a crime may say which flavours to build it for, and opt out of
# split checks:
#     // flavours: plain chaos sim
#     // split-stack: off

set(THROWSPLIT_TEST_TIMEOUT 300)

# One ctest entry with the common environment; run at the root of the sources. Exit code 77 is a
# skip.
function(throwsplit_add_test name label)
  add_test(NAME "${name}" COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties("${name}" PROPERTIES LABELS "${label}" SKIP_RETURN_CODE 77
                       TIMEOUT ${THROWSPLIT_TEST_TIMEOUT}
                       ENVIRONMENT "${THROWSPLIT_TEST_ENVIRONMENT}")
endfunction()

# One that takes minutes: its label is also the configuration without which ctest leaves it out.
function(throwsplit_add_long_test name label)
  add_test(NAME "${name}" COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
           CONFIGURATIONS ${label})
  set_tests_properties("${name}" PROPERTIES LABELS "${label}" SKIP_RETURN_CODE 77 TIMEOUT 3600
                       RUN_SERIAL ON ENVIRONMENT "${THROWSPLIT_TEST_ENVIRONMENT}")
endfunction()

# The flavours named in the head of a file, or DEFAULT; and whether its code is split-checked.
function(throwsplit_read_head file default out_flavours out_split)
  file(READ "${file}" head LIMIT 1000)
  set(${out_flavours} "" PARENT_SCOPE)
  set(${out_split} ON PARENT_SCOPE)
  if(head MATCHES "// split-stack: off")
    set(${out_split} OFF PARENT_SCOPE)
  endif()
  if(head MATCHES "// flavours:([ a-z]*)")
    string(STRIP "${CMAKE_MATCH_1}" words)
    string(REGEX REPLACE " +" ";" words "${words}")
    foreach(word IN LISTS words)
      if(NOT word MATCHES "^(plain|chaos|sim)$")
        message(FATAL_ERROR "${file}: flavours are plain, chaos and sim, not `${word}`")
      endif()
    endforeach()
    set(${out_flavours} "${words}" PARENT_SCOPE)
  endif()
endfunction()

# Links a test, a benchmark or a crime of ROOM as FLAVOUR wants it.
function(throwsplit_link_program name room flavour split)
  set(library_plain throwsplit_runtime)
  set(library_chaos throwsplit_chaos)
  set(library_sim throwsplit_sim)
  set(alike ${flavour})
  if(room STREQUAL "runtime/nosplit")
    string(APPEND alike _nosplit)
    target_link_libraries(${name} PRIVATE throwsplit_nosplit)
    # Some tests assemble small programs themselves.
    target_compile_definitions(${name} PRIVATE
                               "THROWSPLIT_TINY_COMPILER=\"${CMAKE_CXX_COMPILER}\"")
  elseif(split AND (room MATCHES "^runtime(/|$)" OR room STREQUAL "fuzz/guest"))
    string(APPEND alike _goroutine)
    target_link_libraries(${name} PRIVATE throwsplit_goroutine)
  endif()
  if(NOT room MATCHES "^runtime(/|$)")
    string(APPEND alike _untraced)
    target_link_libraries(${name} PRIVATE throwsplit_untraced)
  endif()
  set_target_properties(${name} PROPERTIES THROWSPLIT_ALIKE ${alike})
  if(room STREQUAL "fuzz/targets")
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:fuzz_targets>)
    target_link_libraries(${name} PRIVATE fuzz_report fuzz_run)
  elseif(room MATCHES "^fuzz/(.*)$")
    target_link_libraries(${name} PRIVATE "fuzz_${CMAKE_MATCH_1}")
  endif()
  target_link_libraries(${name} PRIVATE ${library_${flavour}})
endfunction()

# gtest is parsed once for all tests that are compiled alike; not with gcc, which then warns of what
# its own library does.
function(throwsplit_precompile_gtest name)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  get_target_property(alike ${name} THROWSPLIT_ALIKE)
  get_property(first GLOBAL PROPERTY "throwsplit_first_${alike}")
  if(first)
    target_precompile_headers(${name} REUSE_FROM ${first})
  else()
    target_precompile_headers(${name} PRIVATE <gtest/gtest.h>)
    set_property(GLOBAL PROPERTY "throwsplit_first_${alike}" ${name})
  endif()
endfunction()

# For each file and each of its flavours: an executable, named after the file; the names in OUT.
function(throwsplit_programs out room files prefix)
  set(default plain)
  if(room STREQUAL "inject")
    set(default chaos)
  elseif(room MATCHES "^(inject/sim$|fuzz/)")
    set(default sim)
  endif()
  set(names "")
  foreach(file IN LISTS files)
    get_filename_component(base "${file}" NAME_WE)
    throwsplit_read_head("${file}" "${default}" flavours split)
    set(suffixed ON)
    if(NOT flavours)
      set(flavours "${default}")
      set(suffixed OFF)
    endif()
    foreach(flavour IN LISTS flavours)
      if(NOT flavour IN_LIST THROWSPLIT_TEST_FLAVOURS)
        continue()
      endif()
      set(name "${prefix}${base}")
      if(suffixed AND NOT flavour STREQUAL "plain")
        string(APPEND name "_${flavour}")
      endif()
      add_executable(${name} "${file}")
      set_target_properties(${name} PROPERTIES THROWSPLIT_SOURCE "${file}"
                            RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
      throwsplit_link_program(${name} "${room}" ${flavour} ${split})
      list(APPEND names ${name})
    endforeach()
  endforeach()
  set(${out} "${names}" PARENT_SCOPE)
endfunction()

set(THROWSPLIT_TEST_FLAVOURS "plain;chaos;sim" CACHE STRING
    "Flavours for which tests, benchmarks and crimes are built")

if(THROWSPLIT_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
  include(GoogleTest)

  set(throwsplit_unit_tests "")
  foreach(room IN LISTS THROWSPLIT_ROOMS_ALL)
    if(room MATCHES "^fuzz/" AND NOT THROWSPLIT_FUZZ)
      continue()
    endif()
    if(room STREQUAL "runtime/nosplit" AND NOT THROWSPLIT_HAS_NOSPLIT)
      continue()
    endif()
    string(REPLACE "/" "_" prefix "${room}_")

    throwsplit_sources(files "${room}" test)
    throwsplit_programs(names "${room}" "${files}" "${prefix}")
    foreach(name IN LISTS names)
      target_link_libraries(${name} PRIVATE GTest::gtest_main)
      throwsplit_precompile_gtest(${name})
      gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
                           DISCOVERY_TIMEOUT 60
                           WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
                           PROPERTIES LABELS "${room}" TIMEOUT ${THROWSPLIT_TEST_TIMEOUT})
      list(APPEND throwsplit_unit_tests ${name})
    endforeach()

    throwsplit_sources(files "${room}" bench)
    throwsplit_programs(names "${room}" "${files}" "${prefix}")
    foreach(name IN LISTS names)
      target_link_libraries(${name} PRIVATE benchmark::benchmark benchmark::benchmark_main)
      throwsplit_add_test("bench.${name}" bench $<TARGET_FILE:${name}> --benchmark_min_time=0.001)
    endforeach()
  endforeach()

  # Linkers may rewrite split checks (lld does, where an object still has its split-stack notes). So
  # these tests run once for each linker at hand: one reads the checks, the other trips them.
  include(CheckLinkerFlag)
  foreach(linker lld bfd)
    check_linker_flag(CXX "-fuse-ld=${linker}" THROWSPLIT_HAS_${linker})
    foreach(test prologue_test morestack_test)
      set(source "${PROJECT_SOURCE_DIR}/runtime/arch/${test}.cc")
      if(THROWSPLIT_HAS_${linker} AND EXISTS "${source}" AND
         (NOT THROWSPLIT_ROOMS OR "runtime/arch" IN_LIST THROWSPLIT_ROOMS))
        set(name "runtime_arch_${test}_${linker}")
        add_executable(${name} "${source}")
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                              "${PROJECT_BINARY_DIR}/tests")
        throwsplit_link_program(${name} runtime/arch plain ON)
        target_link_libraries(${name} PRIVATE GTest::gtest_main)
        throwsplit_precompile_gtest(${name})
        target_link_options(${name} PRIVATE "-fuse-ld=${linker}")
        gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
                             DISCOVERY_TIMEOUT 60 WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
                             PROPERTIES LABELS runtime/arch TIMEOUT ${THROWSPLIT_TEST_TIMEOUT})
        list(APPEND throwsplit_unit_tests ${name})
      endif()
    endforeach()
  endforeach()

  # The plain flavour is in every test of the runtime; one stands for all.
  if(TARGET runtime_syscall_syscall_test AND TARGET throwsplit-nosplit)
    throwsplit_add_test(nosplit.plain runtime/nosplit $<TARGET_FILE:throwsplit-nosplit>
                        $<TARGET_FILE:runtime_syscall_syscall_test>)
  endif()

  # gtest_discover_tests cannot carry a property that is a list, so ctest reads the environment
  # after the tests.
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/unit_tests_environment.cmake" @ONLY CONTENT [[
foreach(program IN ITEMS @throwsplit_unit_tests@)
  if(${program}_TESTS)
    set_tests_properties(${${program}_TESTS} PROPERTIES ENVIRONMENT "@THROWSPLIT_TEST_ENVIRONMENT@")
  endif()
endforeach()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES
               "${PROJECT_BINARY_DIR}/unit_tests_environment.cmake")

  throwsplit_sources(files runtime/crimes library)
  throwsplit_programs(names runtime/crimes "${files}" "crime_")
  foreach(name IN LISTS names)
    get_target_property(source ${name} THROWSPLIT_SOURCE)
    string(REGEX REPLACE "^crime_" "" crime "${name}")
    throwsplit_add_test("crime.${crime}" crime "${Python3_EXECUTABLE}"
                        "${PROJECT_SOURCE_DIR}/ci/crime" $<TARGET_FILE:${name}> "${source}")
  endforeach()
endif()

# What others build against, from a prefix that was moved. A sanitizer's libraries are nobody's
# package.
if(THROWSPLIT_TESTS AND PROJECT_IS_TOP_LEVEL AND NOT THROWSPLIT_ROOMS AND
   NOT throwsplit_has_address AND NOT throwsplit_has_thread AND NOT THROWSPLIT_COVERAGE)
  throwsplit_add_test(package.installed package "${PROJECT_SOURCE_DIR}/ci/package_test"
                      "${PROJECT_BINARY_DIR}" "${CMAKE_CXX_COMPILER}")
  throwsplit_add_test(package.libc_only package "${PROJECT_SOURCE_DIR}/ci/libc_only"
                      $<TARGET_FILE:throwsplit_runtime> "${CMAKE_CXX_COMPILER}")
  throwsplit_add_test(package.libc_only.self_test package "${PROJECT_SOURCE_DIR}/ci/libc_only"
                      --self-test "${CMAKE_CXX_COMPILER}")
endif()

if(THROWSPLIT_HOUSE_TESTS)
  foreach(check floors tidy format crime crimes_complete workflows)
    if(EXISTS "${PROJECT_SOURCE_DIR}/ci/${check}")
      if(NOT check STREQUAL "crime")
        throwsplit_add_test("house.${check}" house "${PROJECT_SOURCE_DIR}/ci/${check}")
      endif()
      if(NOT check STREQUAL "format")
        throwsplit_add_test("house.${check}.self_test" house
                            "${PROJECT_SOURCE_DIR}/ci/${check}" --self-test)
      endif()
    endif()
  endforeach()
  throwsplit_add_test(house.sarif.self_test house "${PROJECT_SOURCE_DIR}/ci/sarif" --self-test)
  throwsplit_add_test(house.canary house "${PROJECT_SOURCE_DIR}/ci/canary" --self)
  # Too long for every day: run only when asked for (ctest -C ossfuzz -L ossfuzz). Upstream's own
  # check is skipped (77) where its scripts are not at hand. First of all: a check that passes a bad
  # build is worse than none.
  throwsplit_add_long_test(ossfuzz.check.self_test ossfuzz "${PROJECT_SOURCE_DIR}/ci/ossfuzz_check"
                           --self-test)
  foreach(kind address undefined coverage memory afl)
    throwsplit_add_long_test("ossfuzz.${kind}" ossfuzz "${PROJECT_SOURCE_DIR}/ci/ossfuzz_test"
                             ${kind})
  endforeach()
  throwsplit_add_long_test(ossfuzz.upstream ossfuzz "${PROJECT_SOURCE_DIR}/ci/ossfuzz_upstream"
                           address undefined)
  set_tests_properties(ossfuzz.upstream PROPERTIES DEPENDS "ossfuzz.address;ossfuzz.undefined")
  throwsplit_add_test(house.mutants house "${PROJECT_SOURCE_DIR}/ci/mutants" --check)
  throwsplit_add_test(house.mutants_static house "${PROJECT_SOURCE_DIR}/ci/mutants_static" --check)
  throwsplit_add_test(house.mutants_reports house "${PROJECT_SOURCE_DIR}/ci/mutants_reports"
                      --check)
  throwsplit_add_test(house.recipes house "${PROJECT_SOURCE_DIR}/ci/recipes" --check)
  throwsplit_add_test(house.mutants.self_test house "${PROJECT_SOURCE_DIR}/ci/mutants" --self-test)
  throwsplit_add_test(house.trial.self_test house "${PROJECT_SOURCE_DIR}/ci/trial" --self-test)
  set(hooks_blank "${PROJECT_SOURCE_DIR}/ci/hooks_blank")
  throwsplit_add_test(house.hooks_blank house "${hooks_blank}" "${PROJECT_BINARY_DIR}")
  throwsplit_add_test(house.hooks_blank.self_test house "${hooks_blank}" --self-test
                      "${PROJECT_BINARY_DIR}")
endif()
