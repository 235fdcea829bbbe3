#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/purpose.h"

namespace eunomia::subject {

// Why personal data may be used at all: GDPR Art. 6(1)(a) to (f), in its order.
enum class lawful_basis { consent, contract, legal_obligation, vital_interests, public_task, legitimate_interests };
std::string_view name_of(lawful_basis basis) noexcept;  // "legitimate_interests"
// Throws errc::invalid_argument with the names there are.
lawful_basis lawful_basis_named(std::string_view name);
// Art. 21(1): whether people may object to what rests on it. What rests on consent is withdrawn instead.
constexpr bool may_be_objected_to(lawful_basis basis) {
  return basis == lawful_basis::public_task || basis == lawful_basis::legitimate_interests;
}

// Why data of special categories (health, beliefs, ...) may be used: the letter of Art. 9(2).
enum class special_category_basis : char {
  explicit_consent = 'a',
  employment_and_social_protection = 'b',
  vital_interests = 'c',
  not_for_profit_body = 'd',
  made_public_by_the_subject = 'e',
  legal_claims = 'f',
  substantial_public_interest = 'g',
  health_or_social_care = 'h',
  public_health = 'i',
  archiving_research_or_statistics = 'j'
};
// Reads "a" to "j". Throws errc::invalid_argument.
special_category_basis special_category_basis_of(std::string_view letter);

inline constexpr std::size_t max_purposes = 256;
inline constexpr std::size_t max_notice_bytes = 64 * 1024;
inline constexpr std::int64_t max_retention_days = 36'500;
// How often one purpose may be redefined: each text stays, because people consented to it.
inline constexpr std::int64_t max_purpose_versions = 10'000;

// What a purpose is.
struct purpose_definition {
  core::purpose name;
  lawful_basis basis = lawful_basis::legitimate_interests;
  std::optional<special_category_basis> special_categories = {};  // none: no such data
  std::optional<std::int64_t> retention_days = {};                // 1 to max_retention_days; none: no limit of time
  std::string notice = {};                                        // what people are told; UTF-8, 1 to max_notice_bytes
  std::int64_t version = 0;                                       // 1, 2, ...: counts redefinitions
  std::int64_t created_at = 0;                                    // UTC ms, of version 1
  std::int64_t changed_at = 0;                                    // UTC ms, of this version
};

// Throws errc::invalid_argument naming what cannot be; among it, the name core::purpose keeps for rights.
void check(const purpose_definition& wanted);

// What the first start defines: recommendations, out of legitimate interests. The controller should put their own
// notice in the place of ours.
purpose_definition recommendation_by_default();

}  // namespace eunomia::subject
