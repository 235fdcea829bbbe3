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

  // Answering somebody who asks what is held about them, wants it handed over or put right (GDPR Art. 15, 16 and 20):
  // it needs no definition, nobody's choice stands against it, and it reads named people only. A table about people
  // lists it without being told to.
  static const purpose& rights_of_the_data_subject();  // "data-subject-rights"

  friend auto operator<=>(const purpose&, const purpose&) = default;

 private:
  std::string name_;
};

}  // namespace eunomia::core
