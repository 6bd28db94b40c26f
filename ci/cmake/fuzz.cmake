# The harness: a library a room of fuzz/, the fuzz targets, the tools and the corpus tests.
# SPDX-License-Identifier: Apache-2.0
#
# The rooms are compiled hooked and linked with neither chaos nor sim: the program that links them
# chooses. They are archives, so nothing may register itself from a static initialiser. Only
# fuzz/targets is objects: libFuzzer finds LLVMFuzzerCustomMutator and its like by weak references,
# which do not open archives.

find_package(CLI11 QUIET)
find_package(nlohmann_json QUIET)
add_library(throwsplit_fuzz_deps INTERFACE)
foreach(package CLI11::CLI11 nlohmann_json::nlohmann_json)
  if(TARGET ${package})
    target_link_libraries(throwsplit_fuzz_deps INTERFACE ${package})
  else()
    message(STATUS "fuzz/: ${package} not found; ci/setup installs it")
  endif()
endforeach()

set(THROWSPLIT_FUZZ_LIBRARIES "")
foreach(room IN LISTS THROWSPLIT_ROOMS_ALL)
  if(room MATCHES "^fuzz/(.*)$")
    set(name "fuzz_${CMAKE_MATCH_1}")
    throwsplit_sources(sources "${room}" library)
    set(type STATIC)
    if(room STREQUAL "fuzz/targets")
      list(FILTER sources EXCLUDE REGEX "(_fuzzer|_standalone|/standalone_main)\\.cc$")
      set(type OBJECT)
    elseif(room STREQUAL "fuzz/tools")
      list(FILTER sources EXCLUDE REGEX "/throwsplit[^/]*\\.cc$")
    endif()
    throwsplit_library(${name} ${type} SOURCES ${sources} LINK throwsplit_untraced)
    target_link_libraries(${name} PUBLIC throwsplit_hooked throwsplit_fuzz_deps)
    if(room STREQUAL "fuzz/guest")
      target_link_libraries(${name} PRIVATE throwsplit_goroutine)
    endif()
    foreach(used IN LISTS "THROWSPLIT_USES_${room}")
      if(used MATCHES "^fuzz/(.*)$" AND NOT used STREQUAL "fuzz/targets")
        target_link_libraries(${name} PUBLIC "fuzz_${CMAKE_MATCH_1}")
      endif()
    endforeach()
  endif()
endforeach()

# Compile time: what only reads flags and prints is compiled by tens of files, so that CLI11 and
# nlohmann::json are parsed and instantiated twice instead of thirty times, and is optimised in
# release alone.
if(NOT THROWSPLIT_ROOMS)
  set(THROWSPLIT_TOOLS_OF_ALL common.cc dispatch.cc stress.cc stress_command.cc)
  set_target_properties(fuzz_tools PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
  # What a program on real threads uses, too, must not bring the simulator along.
  list(TRANSFORM THROWSPLIT_TOOLS_OF_ALL PREPEND "${PROJECT_SOURCE_DIR}/fuzz/tools/")
  set_source_files_properties(${THROWSPLIT_TOOLS_OF_ALL} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(fuzz_tools PRIVATE <CLI/CLI.hpp> <nlohmann/json.hpp>)
    target_precompile_headers(fuzz_report PRIVATE <nlohmann/json.hpp>)
  endif()
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(fuzz_tools PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-O0>")
  endif()
endif()

# Fuzz targets. The engine is LIB_FUZZING_ENGINE when given, libFuzzer when instrumented for it,
# else our own main with what it asks of a target: x_standalone.cc, or, where that is missing,
# program_standalone.cc. A target whose head says `// links: runtime/nosplit` tests the checker; all
# others run the runtime in the simulator.
throwsplit_sources(targets fuzz/targets library)
list(FILTER targets INCLUDE REGEX "_fuzzer\\.cc$")
add_custom_target(fuzzers)  # all of them
foreach(source IN LISTS targets)
  get_filename_component(name "${source}" NAME_WE)
  file(READ "${source}" head LIMIT 1000)
  set(is_checker OFF)
  if(head MATCHES "// links: runtime/nosplit")
    set(is_checker ON)
    if(NOT THROWSPLIT_HAS_NOSPLIT)
      message(STATUS "${name}: left out with runtime/nosplit")
      continue()
    endif()
  endif()
  set(main "")
  set(engine "")
  if(THROWSPLIT_FUZZING_ENGINE)
    separate_arguments(engine NATIVE_COMMAND "${THROWSPLIT_FUZZING_ENGINE}")
  elseif(THROWSPLIT_LIBFUZZER)
    set(engine -fsanitize=fuzzer)
  else()
    string(REGEX REPLACE "_fuzzer\\.cc$" "_standalone.cc" own "${source}")
    if(NOT EXISTS "${own}")
      set(own "${PROJECT_SOURCE_DIR}/fuzz/targets/program_standalone.cc")
    endif()
    set(main "${PROJECT_SOURCE_DIR}/fuzz/targets/standalone_main.cc" "${own}")
  endif()
  add_executable(${name} "${source}" ${main})
  if(is_checker)
    target_link_libraries(${name} PRIVATE throwsplit_nosplit ${engine})
  else()
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:fuzz_targets>)
    target_link_libraries(${name} PRIVATE throwsplit_untraced fuzz_run fuzz_report fuzz_oracle
                          fuzz_guest fuzz_explore fuzz_input throwsplit_sim ${engine})
  endif()
  add_dependencies(fuzzers ${name})
endforeach()

# The tools: throwsplit.cc is the driver, throwsplit_<flavour>.cc the program
# `throwsplit-<flavour>`.
foreach(pair throwsplit:sim throwsplit_sim:sim throwsplit_chaos:chaos)
  string(REPLACE ":" ";" pair "${pair}")
  list(GET pair 0 base)
  list(GET pair 1 flavour)
  throwsplit_sources(sources fuzz/tools library)
  list(FILTER sources INCLUDE REGEX "/${base}\\.cc$")
  if(sources)
    string(REPLACE "_" "-" name "${base}")
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE throwsplit_untraced fuzz_tools throwsplit_${flavour})
  endif()
endforeach()

# The driver: it finds the sources it was built from, and says in one line what it does not find.
if(TARGET throwsplit AND THROWSPLIT_HOUSE_TESTS)
  throwsplit_add_test(driver.mutants fuzz/tools $<TARGET_FILE:throwsplit> mutants --check)
  set(refuses "${PROJECT_SOURCE_DIR}/ci/refuses")
  set(mutants $<TARGET_FILE:throwsplit> mutants)
  throwsplit_add_test(driver.mutants.no_sources fuzz/tools "${refuses}"
                      "corpus/ci/mutants: No such" ${mutants} --source corpus)
  throwsplit_add_test(driver.mutants.no_folder fuzz/tools "${refuses}" "--source expects a folder"
                      ${mutants} --source)
  throwsplit_add_test(driver.mutants.no_mutant fuzz/tools "${refuses}" "no mutant GB-00"
                      ${mutants} --name GB-00)
  throwsplit_add_test(driver.mutants.no_flag fuzz/tools "${refuses}" "--sede" ${mutants} --sede 1)
endif()

# Each flavour's program keeps to its stack budgets.
foreach(program throwsplit-sim throwsplit-chaos)
  if(TARGET ${program} AND TARGET throwsplit-nosplit)
    throwsplit_add_test("nosplit.${program}" runtime/nosplit $<TARGET_FILE:throwsplit-nosplit>
                        $<TARGET_FILE:${program}>)
  endif()
endforeach()

if(TARGET throwsplit-sim AND THROWSPLIT_HOUSE_TESTS)
  throwsplit_add_test(house.printed_pages house "${PROJECT_SOURCE_DIR}/ci/printed_pages"
                      $<TARGET_FILE:throwsplit-sim>)
  throwsplit_add_test(house.oracles_page.self_test house
                      "${PROJECT_SOURCE_DIR}/ci/oracles_page" --self-test)
endif()

# So is each seed of the fuzz target of files.
if(TARGET elf_fuzzer AND NOT THROWSPLIT_LIBFUZZER AND NOT THROWSPLIT_FUZZING_ENGINE)
  throwsplit_add_test(corpus.elf corpus $<TARGET_FILE:elf_fuzzer>
                      "${PROJECT_SOURCE_DIR}/corpus/elf")
  throwsplit_add_test(corpus.elf.damaged corpus $<TARGET_FILE:elf_fuzzer> -runs=2000 -seed=1
                      "${PROJECT_SOURCE_DIR}/corpus/elf")
endif()

# The pages that people read, and the page that a finding makes.
if(TARGET throwsplit-sim AND TARGET throwsplit AND THROWSPLIT_HOUSE_TESTS)
  throwsplit_add_test(house.docs house "${PROJECT_SOURCE_DIR}/ci/docs_test"
                      "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
endif()

# Each committed program is a test: it must pass, with any compiler and no fuzzing engine.
file(GLOB programs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/corpus/*/*.prog")
if(TARGET throwsplit-sim)
  foreach(program IN LISTS programs)
    get_filename_component(name "${program}" NAME_WE)
    get_filename_component(folder "${program}" DIRECTORY)
    get_filename_component(folder "${folder}" NAME)
    throwsplit_add_test("corpus.${folder}.${name}" corpus
                        $<TARGET_FILE:throwsplit-sim> replay "${program}")
  endforeach()
  set(corpus "${PROJECT_SOURCE_DIR}/corpus/syscall" "${PROJECT_SOURCE_DIR}/corpus/stack")
  throwsplit_add_test(corpus.sweep corpus $<TARGET_FILE:throwsplit-sim> sweep ${corpus})
  throwsplit_add_test(corpus.twice corpus $<TARGET_FILE:throwsplit-sim> twice ${corpus}
                      --runs 500)
  foreach(folder IN LISTS corpus)
    get_filename_component(name "${folder}" NAME)
    throwsplit_add_test("corpus.check.${name}" corpus $<TARGET_FILE:throwsplit-sim> corpus check
                        "${folder}")
  endforeach()
endif()
