#include "subject/purpose/definition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/utf8.h"

namespace eunomia::subject {

namespace {

using core::errc;
using core::error;

constexpr std::array<std::string_view, 6> basis_names = {"consent",         "contract",    "legal_obligation",
                                                         "vital_interests", "public_task", "legitimate_interests"};
constexpr std::size_t shown_bytes = 64;

}  // namespace

std::string_view name_of(lawful_basis basis) noexcept {
  return basis_names[static_cast<std::size_t>(basis)];
}

lawful_basis lawful_basis_named(std::string_view name) {
  const auto found = std::find(basis_names.begin(), basis_names.end(), name);
  if (found == basis_names.end()) {
    throw error(errc::invalid_argument, fmt::format("\"{}\" is no lawful basis; GDPR Art. 6(1) has {}",
                                                    name.substr(0, shown_bytes), fmt::join(basis_names, ", ")));
  }
  return static_cast<lawful_basis>(found - basis_names.begin());
}

special_category_basis special_category_basis_of(std::string_view letter) {
  if (letter.size() != 1 || letter.front() < 'a' || letter.front() > 'j') {
    throw error(errc::invalid_argument,
                fmt::format("\"{}\" is no basis for special categories of data: GDPR Art. 9(2) has the letters a to j",
                            letter.substr(0, shown_bytes)));
  }
  return static_cast<special_category_basis>(letter.front());
}

void check(const purpose_definition& wanted) {
  const auto refuse = [&](const std::string& why) {
    throw error(errc::invalid_argument, fmt::format("purpose \"{}\": {}", wanted.name.name(), why));
  };
  if (wanted.name == core::purpose::rights_of_the_data_subject()) {
    refuse("this name is kept for the rights of data subjects, which need no definition; choose another");
  }
  if (wanted.notice.empty() || wanted.notice.size() > max_notice_bytes) {
    refuse(fmt::format("the notice, what people are told, has 1 to max_notice_bytes = {} bytes, got {}",
                       max_notice_bytes, wanted.notice.size()));
  }
  if (!core::is_utf8(wanted.notice) || wanted.notice.find('\0') != std::string::npos) {
    refuse("the notice is UTF-8 without U+0000");
  }
  if (wanted.retention_days && (*wanted.retention_days < 1 || *wanted.retention_days > max_retention_days)) {
    refuse(fmt::format("retention_days is 1 to max_retention_days = {}, or none; got {}", max_retention_days,
                       *wanted.retention_days));
  }
}

purpose_definition recommendation_by_default() {
  return {
      .name = core::purpose("recommendation"),
      .basis = lawful_basis::legitimate_interests,
      .special_categories = {},
      .retention_days = {},
      .notice =
          "We keep what you look at and what you choose here, and compare it with what others did, to show you what "
          "may be of interest to you first (legitimate interests, GDPR Art. 6(1)(f)). You may object at any time: "
          "from then on you are shown what everybody is shown, and what was learned from you leaves the "
          "recommendations of others when they are next computed. (A text that came with the software: whoever "
          "runs it should say here who they are and how to reach them.)"};
}

}  // namespace eunomia::subject
