#pragma once

// What the fuzz targets share. A target defines LLVMFuzzerTestOneInput (see its libFuzzer manual: it may be called any
// number of times in one process, for any bytes, and must not keep anything between them) and lets through nothing but
// core::error: another exception, a failed assert, a sanitizer's report or more memory than libFuzzer allows is a
// finding.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "core/error.h"
#include "core/file.h"

namespace eunomia::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the program, which makes the input a finding, unless what must be so is so.
inline void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "fuzz: broken promise: %s\n", what);
    std::abort();
  }
}

// Runs a call that may refuse its input; true when it did not. allowed: the one code that a refusal has.
template <class Call>
bool accepted(core::errc allowed, Call call) {
  try {
    call();
    return true;
  } catch (const core::error& e) {
    if (e.code() != allowed) {
      std::fprintf(stderr, "fuzz: %s\n", e.what());
    }
    require(e.code() == allowed, "the input is refused with the error code that the header names");
    return false;
  }
}

// Bytes under a file name, in memory: for code that takes a path.
class memory_file {
 public:
  explicit memory_file(std::string_view content);

  const std::filesystem::path& path() const { return path_; }

 private:
  core::file_descriptor file_;
  std::filesystem::path path_;
};

}  // namespace eunomia::fuzz
