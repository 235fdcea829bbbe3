#include "subject/purpose/choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/error.h"

namespace eunomia::subject {

namespace {

constexpr std::array<std::string_view, 6> choice_names = {
    "consent", "withdraw_consent", "object", "withdraw_objection", "restrict", "lift_restriction"};
constexpr std::array<std::string_view, 3> kind_names = {"consent", "objection", "restriction"};

}  // namespace

std::string_view name_of(choice made) noexcept {
  return choice_names[static_cast<std::size_t>(made)];
}

choice choice_named(std::string_view name) {
  const auto found = std::find(choice_names.begin(), choice_names.end(), name);
  if (found == choice_names.end()) {
    constexpr std::size_t shown_bytes = 64;
    throw core::error(core::errc::invalid_argument, fmt::format("\"{}\" is no choice: {}", name.substr(0, shown_bytes),
                                                                fmt::join(choice_names, ", ")));
  }
  return static_cast<choice>(found - choice_names.begin());
}

std::string_view name_of(choice_kind kind) noexcept {
  return kind_names[static_cast<std::size_t>(kind)];
}

choice_kind kind_of(choice made) noexcept {
  switch (made) {
    case choice::consent:
    case choice::withdraw_consent: return choice_kind::consent;
    case choice::object:
    case choice::withdraw_objection: return choice_kind::objection;
    case choice::restrict:
    case choice::lift_restriction: return choice_kind::restriction;
  }
  return choice_kind::restriction;
}

bool stands_after(choice made) noexcept {
  return made == choice::consent || made == choice::object || made == choice::restrict;
}

}  // namespace eunomia::subject
