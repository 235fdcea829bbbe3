#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/file.h"

namespace eunomia::subject {

// Text that is written first and read afterwards, once: in memory while it is short, then in a file without a name,
// which is gone with the process however that ends.
class spool {
 public:
  static constexpr std::size_t max_bytes_in_memory = std::size_t{1} << 20;

  // folder: where the file is made, once one is needed.
  explicit spool(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void write(std::string_view text);
  // Everything, in order, piece by piece. Nothing may be written afterwards.
  void read(const std::function<void(std::string_view)>& visit);

 private:
  void flush();

  std::filesystem::path folder_;
  std::string memory_;
  core::file_descriptor file_;
};

}  // namespace eunomia::subject
