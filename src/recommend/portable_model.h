#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/model.h"
#include "recommend/model_file.h"

namespace eunomia::recommend {

enum class array_type : std::uint8_t { float32, uint8, uint32, uint64 };
std::size_t size_of(array_type type) noexcept;

// Numbers, row-major, little-endian.
struct portable_array {
  array_type type = array_type::float32;
  std::vector<std::uint64_t> shape;
  shared_array<std::byte> bytes;

  std::uint64_t elements() const;
};

// What a trained model answers with, and no row of anybody whom it learned from: so it can be handed to somebody else,
// and so it cannot forget. Which arrays a family has: docs/models.md; all are over the items in byte order of their
// ids.
struct portable_model {
  std::string family;      // that it was trained as: "ease"
  std::string parameters;  // JSON of that family's
  std::shared_ptr<const catalogue> items = std::make_shared<catalogue>();
  std::map<std::string, portable_array> arrays;
  std::string origin;  // where it is from, for people; may be empty
};

inline constexpr std::size_t max_portable_items = 2'000'000;
inline constexpr std::size_t max_origin_bytes = 256;

// Throws errc::failed_precondition, with the reason, for a family that cannot be handed on.
void require_portable(std::string_view family);

// What a model file has of it. Throws as require_portable(), and errc::corrupt as model_file does.
portable_model portable_of(const model_file& file);

// What answers as the model did where it was trained. Checks all that it would otherwise crash on, because a stranger
// may have made it. Throws errc::invalid_argument naming what is wrong: an array that is missing or does not fit the
// items, a value that is no finite number or no position, parameters that the family does not know.
std::shared_ptr<const scorer> scorer_of(const portable_model& from);

}  // namespace eunomia::recommend
