#include "wire/personalize/page_token.h"

#include <fmt/format.h>

#include <charconv>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::wire::personalize {

namespace {

constexpr std::string_view prefix = "eunomia-after-";

[[noreturn]] void refuse() {
  throw core::error(core::errc::invalid_argument, "token: it is not the nextToken of a page");
}

}  // namespace

std::string token_after(std::int64_t last) {
  return core::to_base64(fmt::format("{}{}", prefix, last));
}

std::int64_t last_of_token(std::string_view token) {
  std::string text;
  try {
    const auto bytes = core::from_base64(token);
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } catch (const core::error&) {
    refuse();
  }
  if (!text.starts_with(prefix)) {
    refuse();
  }
  std::int64_t last = 0;
  const auto [end, fault] = std::from_chars(text.data() + prefix.size(), text.data() + text.size(), last);
  if (fault != std::errc() || end != text.data() + text.size() || last < 0) {
    refuse();
  }
  return last;
}

}  // namespace eunomia::wire::personalize
