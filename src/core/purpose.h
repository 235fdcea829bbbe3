#pragma once

#include <compare>
#include <cstddef>
#include <string>

namespace eunomia::core {

// What personal data is used for: "recommendation". A name of 1 to 64 lower-case letters, digits, '-' and '_', which
// the table that is read must have on its list.
class purpose {
 public:
  static constexpr std::size_t longest_name = 64;

  // Throws errc::invalid_argument.
  explicit purpose(std::string name);
  const std::string& name() const { return name_; }

  friend auto operator<=>(const purpose&, const purpose&) = default;

 private:
  std::string name_;
};

}  // namespace eunomia::core
