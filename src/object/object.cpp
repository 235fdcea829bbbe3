#include "object/object.h"

#include <fmt/format.h>

#include <algorithm>

#include "object/refusal.h"

namespace eunomia::object {

namespace {

bool names(const std::vector<std::string>& etags, const object_info* there) {
  return there != nullptr &&
         std::ranges::any_of(etags, [&](const std::string& one) { return one == "*" || one == there->etag; });
}

std::int64_t whole_seconds(std::int64_t ms) {
  return ms / 1000 * 1000;
}

}  // namespace

void check(const object_headers& headers) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers.metadata) {
    bytes += name.size() + value.size();
  }
  if (bytes > max_metadata_bytes) {
    throw refusal(
        refused::metadata_too_large,
        fmt::format("the metadata has {} bytes, more than max_metadata_bytes = {}", bytes, max_metadata_bytes));
  }
  const auto too_long = [](const std::string& value) { return value.size() > max_header_value_bytes; };
  if (too_long(headers.content_type) ||
      std::ranges::any_of(headers.others, [&](const auto& each) { return too_long(each.second); })) {
    throw refusal(refused::metadata_too_large,
                  fmt::format("a header to keep is longer than max_header_value_bytes = {}", max_header_value_bytes));
  }
}

verdict judge(const conditions& asked, const object_info* there) {
  if (!asked.if_match.empty()) {
    if (!names(asked.if_match, there)) {
      return verdict::failed;
    }
  } else if (asked.if_unmodified_since && there != nullptr &&
             whole_seconds(there->modified_at) > *asked.if_unmodified_since) {
    return verdict::failed;
  }
  if (!asked.if_none_match.empty()) {
    return names(asked.if_none_match, there) ? verdict::not_modified : verdict::met;
  }
  if (asked.if_modified_since && there != nullptr && whole_seconds(there->modified_at) <= *asked.if_modified_since) {
    return verdict::not_modified;
  }
  return verdict::met;
}

}  // namespace eunomia::object
