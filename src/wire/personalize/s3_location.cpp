#include "wire/personalize/s3_location.h"

#include <fmt/format.h>

#include "core/error.h"

namespace eunomia::wire::personalize {

s3_location s3_location::parse(std::string_view text) {
  constexpr std::string_view scheme = "s3://";
  if (!text.starts_with(scheme) || text.size() == scheme.size() || text[scheme.size()] == '/') {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("{} is no place for files: s3://bucket/key is one", text));
  }
  text.remove_prefix(scheme.size());
  const std::size_t slash = text.find('/');
  return {std::string(text.substr(0, slash)),
          slash == std::string_view::npos ? std::string() : std::string(text.substr(slash + 1))};
}

std::string s3_location::text() const {
  return fmt::format("s3://{}/{}", bucket, key);
}

}  // namespace eunomia::wire::personalize
