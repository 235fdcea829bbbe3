# Faster tools where they are installed: ccache for compiling again, mold for linking. Neither is needed.

option(EUNOMIA_FAST_TOOLS "Use ccache and mold when they are installed" ON)

if(EUNOMIA_FAST_TOOLS)
  find_program(CCACHE ccache)
  # ccache reads a precompiled header only with this sloppiness; with the base folder and no folder in the hash, another
  # checkout of the same sources finds what this one compiled.
  set(EUNOMIA_CCACHE ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=true
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime)
  if(CCACHE)
    # Also where the launcher was given as plain "ccache" on the command line.
    if(NOT CMAKE_CXX_COMPILER_LAUNCHER OR CMAKE_CXX_COMPILER_LAUNCHER STREQUAL "ccache")
      set(CMAKE_CXX_COMPILER_LAUNCHER ${EUNOMIA_CCACHE} ${CCACHE})
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      add_compile_options(-fpch-preprocess)
    endif()
  endif()
  find_program(MOLD mold)
  if(MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()
