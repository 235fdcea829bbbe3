#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/digest.h"

namespace eunomia::migrate {

// Replaces identifiers of people by HMAC-SHA256 with a secret salt, in 64 lower-case hexadecimal digits: the same
// identifier always gives the same pseudonym, and who does not know the salt can go neither way. In Python:
//
//   hmac.new(salt.encode(), user_id.encode(), hashlib.sha256).hexdigest()
class pseudonyms {
 public:
  static constexpr std::size_t min_salt_bytes = 16;
  static constexpr std::size_t max_salt_bytes = 4096;

  // Throws errc::invalid_argument for a salt that is too short or too long.
  explicit pseudonyms(std::string salt);
  ~pseudonyms();
  pseudonyms(const pseudonyms&) = delete;
  pseudonyms& operator=(const pseudonyms&) = delete;

  // 256 random bits in base64.
  static std::string new_salt();
  // The text of a file without the white space at its end. Throws errc::invalid_argument.
  static std::string read_salt(const std::filesystem::path& file);

  std::string of(std::string_view raw) const;
  // Tells one salt from another, and nothing else of it: the pseudonym of a text that is nobody's identifier.
  std::string mark() const;

 private:
  std::string salt_;
};

}  // namespace eunomia::migrate
