# Where each library comes from: Debian's packages, and DuckDB from npm's (scripts/setup puts it into .deps).

set(EUNOMIA_DEPS ${CMAKE_SOURCE_DIR}/.deps CACHE PATH "The folder that scripts/setup fills")

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(minizip REQUIRED IMPORTED_TARGET minizip)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)

find_library(SOCI_CORE soci_core REQUIRED)
find_library(SOCI_SQLITE3 soci_sqlite3 REQUIRED)
find_library(SOCI_POSTGRESQL soci_postgresql REQUIRED)
add_library(soci INTERFACE)
target_link_libraries(soci INTERFACE ${SOCI_SQLITE3} ${SOCI_POSTGRESQL} ${SOCI_CORE} PkgConfig::sqlite3
                                     PkgConfig::libpq)

# Not by pkg-config, whose -pthread the precompiled header was not made with.
find_library(RE2_LIBRARY re2 REQUIRED)
add_library(re2 INTERFACE)
target_link_libraries(re2 INTERFACE ${RE2_LIBRARY})

# Not its CMake package, which names targets otherwise from version to version.
find_library(PUGIXML_LIBRARY pugixml REQUIRED)
add_library(pugixml INTERFACE)
target_link_libraries(pugixml INTERFACE ${PUGIXML_LIBRARY})

# OpenBLAS is always called from our own threads, one of its threads each: see docs/decisions/.
find_library(OPENBLAS_LIBRARY openblas REQUIRED)
find_path(OPENBLAS_INCLUDE cblas.h PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE} ${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread REQUIRED)
add_library(openblas INTERFACE)
target_include_directories(openblas SYSTEM INTERFACE ${OPENBLAS_INCLUDE})
target_link_libraries(openblas INTERFACE ${OPENBLAS_LIBRARY})

find_library(DUCKDB_LIBRARY duckdb HINTS ${EUNOMIA_DEPS}/duckdb NO_DEFAULT_PATH)
if(NOT DUCKDB_LIBRARY)
  message(FATAL_ERROR "DuckDB is missing from ${EUNOMIA_DEPS}/duckdb: run scripts/setup (make build does)")
endif()
# Programs find it in lib/ beside them, so that a build folder can be moved; cmake/install.cmake does the same.
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
file(COPY_FILE ${DUCKDB_LIBRARY} ${CMAKE_BINARY_DIR}/lib/libduckdb.so ONLY_IF_DIFFERENT)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${DUCKDB_LIBRARY})
add_library(duckdb SHARED IMPORTED)
set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION ${CMAKE_BINARY_DIR}/lib/libduckdb.so
                                        IMPORTED_SONAME libduckdb.so)
target_include_directories(duckdb SYSTEM INTERFACE ${EUNOMIA_DEPS}/duckdb)
