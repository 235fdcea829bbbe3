#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/purpose.h"
#include "core/subject_handle.h"
#include "subject/purpose/definition.h"

namespace eunomia::subject {

// Until when rows may be kept, as the purposes say it at one moment (GDPR Art. 5(1)(e)).
class retention_rules {
 public:
  // restricted: people whose rows stay, however old. Who had them restricted may need them for a claim (Art. 18(1)(c)),
  // and to erase them is more than to store them (Art. 18(2)).
  retention_rules(std::span<const purpose_definition> defined, std::vector<core::subject_handle> restricted,
                  std::int64_t now_ms);

  std::int64_t now_ms() const { return now_ms_; }
  // How long rows are kept that serve these purposes: as long as the one that keeps them longest. Nothing, without
  // limit: where one of them has none, or none is named.
  std::optional<std::int64_t> days_kept(std::span<const core::purpose> served) const;
  // What is older, UTC ms, is past its time.
  std::optional<std::int64_t> oldest_kept(std::span<const core::purpose> served) const;
  // Whether any purpose has a limit.
  bool limited() const { return !days_.empty(); }
  // By purpose, of those that have a limit.
  const std::map<std::string, std::int64_t, std::less<>>& days() const { return days_; }
  // Ascending, each once.
  std::span<const core::subject_handle> restricted() const { return restricted_; }

 private:
  std::map<std::string, std::int64_t, std::less<>> days_;
  std::vector<core::subject_handle> restricted_;
  std::int64_t now_ms_;
};

}  // namespace eunomia::subject
