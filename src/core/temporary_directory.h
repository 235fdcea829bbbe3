#pragma once

#include <stdlib.h>

#include <cerrno>

#include <filesystem>
#include <string>
#include <system_error>

#include "core/file.h"

namespace eunomia::core {

// A new directory below the system's folder for temporary files, removed with its content when this is destroyed.
class temporary_directory {
 public:
  temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "eunomia-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw_system_error(errno, "create a directory such as", name);
    }
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace eunomia::core
