# The libraries: the runtime in its flavours, the injector, the simulator, the stack-budget checker.
# SPDX-License-Identifier: Apache-2.0
#
#   flavour of objects   THROWSPLIT_HOOKS   libraries
#   plain                0                  throwsplit::runtime = plain + os_linux
#   hooked               1                  throwsplit::chaos   = hooked + os_linux + inject
#                                           throwsplit::sim     = hooked + inject + inject/sim
#
# The flavour is also the name of an inline namespace, so that mixing the two fails at link.

find_package(Threads REQUIRED)

# -fsplit-stack is for compiling only: on a link line it wraps pthread_create and pulls in libgcc's
# own __morestack. Code that is to run on goroutine stacks links this target and gets it as a
# compile option.
add_library(throwsplit_split_stack INTERFACE)
add_library(throwsplit::split_stack ALIAS throwsplit_split_stack)
target_compile_options(throwsplit_split_stack INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsplit-stack>)
if(throwsplit_has_address AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(throwsplit_split_stack INTERFACE
                         "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-mllvm -asan-stack-dynamic-alloca=0>")
endif()

# Code on goroutine stacks: checked, and with nothing below %rsp.
add_library(throwsplit_goroutine INTERFACE)
target_link_libraries(throwsplit_goroutine INTERFACE throwsplit_split_stack)
target_compile_options(throwsplit_goroutine INTERFACE
                       $<$<COMPILE_LANGUAGE:CXX>:-mno-red-zone>
                       $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)

# The runtime itself.
add_library(throwsplit_runtime_code INTERFACE)
target_link_libraries(throwsplit_runtime_code INTERFACE throwsplit_goroutine)
target_compile_options(throwsplit_runtime_code INTERFACE
                       $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>
                       $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>
                       # The stack-budget checker follows jumps, not tables of them.
                       $<$<COMPILE_LANGUAGE:CXX>:-fno-jump-tables>)
# Never without an optimiser, whatever a user's build type says: what is to be inlined would be a
# checked function then, on paths where no check may trip, and frames would outgrow every budget.
foreach(config IN LISTS CMAKE_BUILD_TYPE CMAKE_CONFIGURATION_TYPES ITEMS "")
  string(TOUPPER "CMAKE_CXX_FLAGS_${config}" flags)
  if(NOT "${CMAKE_CXX_FLAGS} ${${flags}}" MATCHES "(^| )-O([1-3sgz]|fast)")
    target_compile_options(throwsplit_runtime_code INTERFACE
                           $<$<AND:$<CONFIG:${config}>,$<COMPILE_LANGUAGE:CXX>>:-O1>)
  endif()
endforeach()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Asking whether an object is what it seems needs RTTI, and clang refuses the two together.
  target_compile_options(throwsplit_runtime_code INTERFACE
                         $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=vptr>)
endif()

# The injector and the harness are not part of the program under ThreadSanitizer: linked with it,
# built without.
add_library(throwsplit_untraced INTERFACE)
if(throwsplit_has_thread)
  target_compile_options(throwsplit_untraced INTERFACE
                         $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=thread>)
endif()
# Nor is it what a fuzzer is to cover: edges of the decoder and the simulator would drown the
# runtime's, and cost half of all runs.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(throwsplit_untraced INTERFACE
                         $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=fuzzer-no-link>)
  # Several virtual calls a step: asking each time whether the object is what it seems is too dear.
  # So is asking of each pointer what AddressSanitizer finds out at each access.
  set(throwsplit_too_dear vptr null alignment object-size pointer-overflow)
  list(JOIN throwsplit_too_dear "," throwsplit_too_dear)
  target_compile_options(throwsplit_untraced INTERFACE
                         $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=${throwsplit_too_dear}>)
  if(throwsplit_has_address)
    # A fake frame for each frame of the simulator's handlers took a tenth of a run. The runtime,
    # the program under test, keeps its own.
    target_compile_options(throwsplit_untraced INTERFACE
                           $<$<COMPILE_LANGUAGE:CXX>:-fsanitize-address-use-after-return=never>)
  endif()
endif()

# What a header of ours needs to be read: where includes begin, and the flavour.
foreach(flavour plain hooked)
  add_library(throwsplit_${flavour} INTERFACE)
  target_include_directories(throwsplit_${flavour} INTERFACE
                             $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_compile_features(throwsplit_${flavour} INTERFACE cxx_std_20)
  target_link_libraries(throwsplit_${flavour} INTERFACE Threads::Threads)
  # Whoever links the runtime binds nothing lazily; see options.cmake.
  target_link_options(throwsplit_${flavour} INTERFACE LINKER:-z,now)
endforeach()
target_compile_definitions(throwsplit_plain INTERFACE THROWSPLIT_HOOKS=0 THROWSPLIT_FLAVOUR=plain)
target_compile_definitions(throwsplit_hooked INTERFACE THROWSPLIT_HOOKS=1 THROWSPLIT_FLAVOUR=hooked)

file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/empty.cc" CONTENT
     "// Stands in for a library that has no source yet.\n")

# A library TYPE OBJECT or STATIC from SOURCES; a library without sources is an empty one, not an
# error.
function(throwsplit_library name type)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;LINK")
  if(NOT arg_SOURCES)
    set(arg_SOURCES "${PROJECT_BINARY_DIR}/empty.cc")
  endif()
  add_library(${name} ${type} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
endfunction()

set(throwsplit_runtime_sources "")
foreach(room IN LISTS THROWSPLIT_ROOMS_ALL)
  if(room MATCHES "^runtime(/|$)" AND NOT room MATCHES "^runtime/(nosplit|crimes)$")
    throwsplit_sources(sources "${room}" library)
    list(APPEND throwsplit_runtime_sources ${sources})
  endif()
endforeach()
set(throwsplit_linux_sources "${throwsplit_runtime_sources}")
list(FILTER throwsplit_linux_sources INCLUDE REGEX "/runtime/os/os_linux[^/]*$")
list(FILTER throwsplit_runtime_sources EXCLUDE REGEX "/runtime/os/os_linux[^/]*$")
throwsplit_sources(throwsplit_inject_sources inject library)
throwsplit_sources(throwsplit_sim_sources inject/sim library)

throwsplit_library(throwsplit_plain_objects OBJECT
                   SOURCES ${throwsplit_runtime_sources} ${throwsplit_linux_sources}
                   LINK throwsplit_plain throwsplit_runtime_code)
throwsplit_library(throwsplit_hooked_objects OBJECT SOURCES ${throwsplit_runtime_sources}
                   LINK throwsplit_hooked throwsplit_runtime_code)
throwsplit_library(throwsplit_hooked_linux_objects OBJECT SOURCES ${throwsplit_linux_sources}
                   LINK throwsplit_hooked throwsplit_runtime_code)
throwsplit_library(throwsplit_inject_objects OBJECT SOURCES ${throwsplit_inject_sources}
                   LINK throwsplit_hooked throwsplit_untraced)
throwsplit_library(throwsplit_inject_sim_objects OBJECT SOURCES ${throwsplit_sim_sources}
                   LINK throwsplit_hooked throwsplit_untraced)

# A public library of one flavour, made of object libraries that the flavours share.
function(throwsplit_public_library name flavour)
  set(objects "")
  foreach(part IN LISTS ARGN)
    list(APPEND objects "$<TARGET_OBJECTS:${part}>")
  endforeach()
  add_library(throwsplit_${name} STATIC ${objects})
  add_library(throwsplit::${name} ALIAS throwsplit_${name})
  set_target_properties(throwsplit_${name} PROPERTIES EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
  target_link_libraries(throwsplit_${name} PUBLIC throwsplit_${flavour})
endfunction()

throwsplit_public_library(runtime plain throwsplit_plain_objects)
throwsplit_public_library(chaos hooked throwsplit_hooked_objects throwsplit_hooked_linux_objects
                          throwsplit_inject_objects)
throwsplit_public_library(sim hooked throwsplit_hooked_objects throwsplit_inject_objects
                          throwsplit_inject_sim_objects)

# The stack-budget checker: host code over ELF files, a library and a tool. Nothing else links what
# it needs: libelf, libdw and Capstone; where one of them is missing the room is left out.
throwsplit_sources(throwsplit_nosplit_sources runtime/nosplit library)
set(throwsplit_nosplit_main "${throwsplit_nosplit_sources}")
list(FILTER throwsplit_nosplit_main INCLUDE REGEX "_main\\.cc$")
list(FILTER throwsplit_nosplit_sources EXCLUDE REGEX "_main\\.cc$")
set(THROWSPLIT_HAS_NOSPLIT OFF)
if(throwsplit_nosplit_sources)
  set(THROWSPLIT_HAS_NOSPLIT ON)
  find_package(PkgConfig QUIET)
  foreach(package libelf libdw capstone)
    if(PKG_CONFIG_FOUND)
      pkg_check_modules(throwsplit_${package} QUIET IMPORTED_TARGET ${package})
    endif()
    if(NOT TARGET PkgConfig::throwsplit_${package})
      set(THROWSPLIT_HAS_NOSPLIT OFF)
      message(STATUS "runtime/nosplit: left out, pkg-config does not find ${package}; "
              "ci/setup installs it")
    endif()
  endforeach()
endif()

# A program that is to run on other machines (a fuzz target of OSS-Fuzz) brings its libraries along:
# the archives, found one by one; what has none (libc's own) stays shared.
function(throwsplit_link_packages target)
  foreach(package IN LISTS ARGN)
    if(NOT THROWSPLIT_STATIC_PACKAGES)
      target_link_libraries(${target} PUBLIC PkgConfig::throwsplit_${package})
      continue()
    endif()
    target_include_directories(${target} SYSTEM PUBLIC ${throwsplit_${package}_INCLUDE_DIRS})
    foreach(name IN LISTS throwsplit_${package}_STATIC_LIBRARIES)
      find_library(throwsplit_archive_${name} NAMES "lib${name}.a"
                   HINTS ${throwsplit_${package}_STATIC_LIBRARY_DIRS})
      mark_as_advanced(throwsplit_archive_${name})
      if(throwsplit_archive_${name} AND NOT name MATCHES "^(pthread|dl|m|rt|c)$")
        target_link_libraries(${target} PUBLIC "${throwsplit_archive_${name}}")
      else()
        target_link_libraries(${target} PUBLIC "${name}")
      endif()
    endforeach()
  endforeach()
endfunction()
if(THROWSPLIT_HAS_NOSPLIT)
  # The runtime's own rules are part of the library.
  set(throwsplit_rules "${PROJECT_SOURCE_DIR}/runtime/nosplit/throwsplit.rules")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${throwsplit_rules}")
  file(READ "${throwsplit_rules}" throwsplit_rules)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/own_rules.cc" @ONLY CONTENT [[
// The text of runtime/nosplit/throwsplit.rules.
#include "runtime/nosplit/rules.h"
namespace throwsplit::nosplit {
std::string_view own_rules() { return R"rules(@throwsplit_rules@)rules"; }
}  // namespace throwsplit::nosplit
]])
  throwsplit_library(throwsplit_nosplit STATIC
                     SOURCES ${throwsplit_nosplit_sources} "${PROJECT_BINARY_DIR}/own_rules.cc")
  if(THROWSPLIT_LIBFUZZER)
    # Here comparisons say what a reader of files is after.
    target_compile_options(throwsplit_nosplit PRIVATE -fsanitize-coverage=trace-cmp)
  endif()
  target_link_libraries(throwsplit_nosplit PUBLIC throwsplit_plain)
  throwsplit_link_packages(throwsplit_nosplit libdw libelf capstone)
  add_executable(throwsplit-nosplit ${throwsplit_nosplit_main})
  target_link_libraries(throwsplit-nosplit PRIVATE throwsplit_nosplit)
endif()
