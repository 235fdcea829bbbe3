#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "core/digest.h"
#include "core/hash.h"

namespace eunomia::subject {

// What the audit log calls a data subject: 128 bits computed with that subject's own data key, so that the subject's
// entries are found while the key exists, and nothing leads from the log to the person once it is destroyed. Made of a
// digest only: neither a handle nor a raw identifier can be passed for one.
class pseudonym {
 public:
  explicit constexpr pseudonym(const core::digest128& keyed_digest) : digest_(keyed_digest) {}
  // 32 hexadecimal digits, either case; throws errc::invalid_argument.
  static pseudonym from_text(std::string_view hex) { return pseudonym(core::digest128_from_hex(hex)); }

  // 32 lower-case hexadecimal digits.
  std::string text() const { return core::to_hex(digest_); }

  friend auto operator<=>(const pseudonym&, const pseudonym&) = default;

 private:
  core::digest128 digest_;
};

}  // namespace eunomia::subject
