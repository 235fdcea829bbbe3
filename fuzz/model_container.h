#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The container of a model file (recommend/model_file.cpp describes it), taken apart and put together again with right
// places and checksums: a fuzzer's bytes would never meet a 128-bit checksum, and everything behind it would stay
// untested. Whoever can write a model file can make its checksums right, too.
namespace eunomia::fuzz {

struct model_container {
  struct section {
    std::array<char, 48> name;
    std::uint32_t element_size;
    std::string content;
  };
  std::vector<section> sections;
  std::string family;
  std::string parameters;

  // Nothing for bytes whose header and table do not lead to sections; checksums are not looked at.
  static std::optional<model_container> of(std::string_view bytes);
  std::string bytes() const;
};

}  // namespace eunomia::fuzz
