#include "migrate/pseudonyms.h"

#include <fmt/format.h>

#include <array>
#include <span>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/seal.h"

namespace eunomia::migrate {

namespace {

constexpr std::size_t mark_digits = 16;

}  // namespace

pseudonyms::pseudonyms(std::string salt) : salt_(std::move(salt)) {
  if (salt_.size() < min_salt_bytes || salt_.size() > max_salt_bytes) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("the salt has {} bytes; it has min_salt_bytes = {} to max_salt_bytes = {}",
                                  salt_.size(), min_salt_bytes, max_salt_bytes));
  }
}

pseudonyms::~pseudonyms() {
  core::wipe(std::as_writable_bytes(std::span(salt_)));
}

std::string pseudonyms::new_salt() {
  std::array<std::byte, 32> bytes{};
  core::random_bytes(bytes);
  return core::to_base64(bytes);
}

std::string pseudonyms::read_salt(const std::filesystem::path& file) {
  std::string text = core::read_file(file, 2 * max_salt_bytes);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

std::string pseudonyms::of(std::string_view raw) const {
  return core::to_hex(core::hmac_sha256(salt_, raw));
}

std::string pseudonyms::mark() const {
  // A line break is in no identifier that CSV of Personalize holds.
  return of("the salt of a migration\n").substr(0, mark_digits);
}

}  // namespace eunomia::migrate
