# A room is a folder, a library and a namespace: eunomia_room(store/sql USES core LINKS soci) makes the library
# eunomia_store_sql from every .cpp of src/store/sql, and the test program store_sql_test from its *_test.cpp.
# USES names the rooms below that it may include; tests/layering checks the same arrows in the sources.

add_library(eunomia_options INTERFACE)
target_include_directories(eunomia_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(eunomia_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                                 -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's stable_sort uses what it deprecates itself; GCC is silent about system headers.
  target_compile_options(eunomia_options INTERFACE -Wno-deprecated-declarations)
endif()
# GCC warns of more when it instruments, and wrongly: of Asio's operator new, say.
if(EUNOMIA_WERROR AND NOT EUNOMIA_SANITIZE)
  target_compile_options(eunomia_options INTERFACE -Werror
                         # GCC 12 sees copies of 2^63 bytes in "literal" + std::string (GCC bug 105651).
                         -Wno-error=restrict -Wno-error=stringop-overflow)
endif()
if(EUNOMIA_SANITIZE)
  target_compile_options(eunomia_options INTERFACE -fsanitize=${EUNOMIA_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(eunomia_options INTERFACE -fsanitize=${EUNOMIA_SANITIZE})
  target_compile_definitions(eunomia_options INTERFACE EUNOMIA_SANITIZED)
endif()
if(EUNOMIA_FUZZ)
  # Everything tells libFuzzer where it goes; what a sanitizer finds ends the program, so that the input is kept.
  target_compile_options(eunomia_options INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize-recover=all)
endif()

# One precompiled header of the standard library for every room.
add_library(eunomia_precompiled OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
target_link_libraries(eunomia_precompiled PUBLIC eunomia_options)
target_precompile_headers(eunomia_precompiled PRIVATE
  <algorithm> <array> <atomic> <chrono> <cmath> <cstdint> <functional> <map> <memory> <mutex> <optional> <span>
  <stdexcept> <string> <string_view> <unordered_map> <utility> <variant> <vector>)

if(EUNOMIA_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  enable_testing()
endif()

function(eunomia_room ROOM)
  cmake_parse_arguments(ARG "" "" "USES;LINKS" ${ARGN})
  string(REPLACE "/" "_" NAME ${ROOM})
  set(FOLDER ${CMAKE_SOURCE_DIR}/src/${ROOM})
  file(GLOB_RECURSE SOURCES CONFIGURE_DEPENDS ${FOLDER}/*.cpp)
  set(TESTS ${SOURCES})
  list(FILTER SOURCES EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER SOURCES EXCLUDE REGEX "/main\\.cpp$")  # a program's, which tests cannot link
  list(FILTER TESTS INCLUDE REGEX "_test\\.cpp$")
  list(TRANSFORM ARG_USES REPLACE "/" "_")
  list(TRANSFORM ARG_USES PREPEND eunomia_)
  if(SOURCES)
    add_library(eunomia_${NAME} STATIC ${SOURCES})
    target_link_libraries(eunomia_${NAME} PUBLIC eunomia_options ${ARG_USES} PRIVATE ${ARG_LINKS})
    if(NOT EUNOMIA_SANITIZE)
      target_precompile_headers(eunomia_${NAME} REUSE_FROM eunomia_precompiled)
    endif()
  else()
    add_library(eunomia_${NAME} INTERFACE)
    target_link_libraries(eunomia_${NAME} INTERFACE eunomia_options ${ARG_USES})
  endif()
  if(TESTS AND EUNOMIA_TESTS)
    add_executable(${NAME}_test ${TESTS})
    target_link_libraries(${NAME}_test PRIVATE eunomia_${NAME} ${ARG_LINKS} GTest::gtest GTest::gtest_main)
    gtest_discover_tests(${NAME}_test TEST_PREFIX ${ROOM}/ DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES LABELS unit TIMEOUT 600)
  endif()
endfunction()
