#include "core/purpose.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace eunomia::core {

purpose::purpose(std::string name) : name_(std::move(name)) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (name_.empty() || name_.size() > longest_name || !std::all_of(name_.begin(), name_.end(), allowed)) {
    throw error(errc::invalid_argument, "purpose \"" + name_.substr(0, longest_name) +
                                            "\": a purpose is named by 1 to 64 lower-case letters, digits, '-' or '_'");
  }
}

const purpose& purpose::rights_of_the_data_subject() {
  static const purpose one("data-subject-rights");
  return one;
}

}  // namespace eunomia::core
