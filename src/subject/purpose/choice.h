#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/purpose.h"

namespace eunomia::subject {

// What somebody tells us about the use of their data. Each has one that takes it back.
enum class choice {
  consent,             // Art. 6(1)(a), 7
  withdraw_consent,    // Art. 7(3)
  object,              // Art. 21
  withdraw_objection,  //
  restrict,            // Art. 18: stored, and nothing else
  lift_restriction     // Art. 18(3): the person is to be told before
};
std::string_view name_of(choice made) noexcept;  // "withdraw_consent"
// Throws errc::invalid_argument with the names there are.
choice choice_named(std::string_view name);

// What a choice is about, and whether it says yes or no to it.
enum class choice_kind { consent, objection, restriction };
std::string_view name_of(choice_kind kind) noexcept;  // "objection"
choice_kind kind_of(choice made) noexcept;
constexpr bool takes_permission_away(choice made) {
  return made == choice::withdraw_consent || made == choice::object || made == choice::restrict;
}
bool stands_after(choice made) noexcept;  // false for those that take back

// Where somebody stands now.
struct standing_choice {
  std::optional<core::purpose> about;  // none: a restriction of every purpose, those to come included
  choice_kind kind = choice_kind::objection;
  bool stands = false;         // false: it was taken back
  std::int64_t chosen_at = 0;  // UTC ms
};

// What they told us, each time: the evidence that Art. 7(1) asks for.
struct choice_evidence {
  std::optional<core::purpose> about;  // none: every purpose
  choice made = choice::object;
  std::int64_t chosen_at = 0;                   // UTC ms
  std::optional<std::int64_t> purpose_version;  // of the definition, notice included, that was in force
};

// Of one person. Beyond it only choices that take a permission away are kept: nobody is refused these.
inline constexpr std::size_t max_evidence_of_a_subject = 10'000;

}  // namespace eunomia::subject
