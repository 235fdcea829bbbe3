#include "subject/custody/custodian.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"

namespace eunomia::subject {

namespace {

class fixed_custodian final : public nothing_to_erase {
 public:
  fixed_custodian(std::string name, std::vector<holding> holdings)
      : name_(std::move(name)), holdings_(std::move(holdings)) {}
  std::string_view name() const override { return name_; }
  std::vector<holding> describe() const override { return holdings_; }
  void collect(core::subject_handle, const custody_context&, collector&) const override {}

 private:
  std::string name_;
  std::vector<holding> holdings_;
};

bool says_enough(const holding& place) {
  const bool personal = place.about != data_about::nobody;
  return !place.place.empty() && !place.what.empty() && !place.retention.empty() &&
         personal != place.categories.empty() && (place.about != data_about::data_subjects || !place.erasure.empty()) &&
         (place.about == data_about::data_subjects || place.not_handed_over.empty());
}

}  // namespace

std::unique_ptr<custodian> make_custodian(std::string name, std::vector<holding> holdings) {
  for (const holding& place : holdings) {
    if (place.about == data_about::data_subjects && place.not_handed_over.empty()) {
      throw core::error(core::errc::internal,
                        fmt::format("custodian \"{}\" does not say why people are handed nothing of \"{}\"; derive a "
                                    "custodian that collects it",
                                    name, place.place));
    }
  }
  return std::make_unique<fixed_custodian>(std::move(name), std::move(holdings));
}

void custodians::add(std::unique_ptr<custodian> one) {
  if (std::ranges::any_of(all_, [&](const auto& other) { return other->name() == one->name(); })) {
    throw core::error(core::errc::already_exists, fmt::format("there is a custodian \"{}\" already", one->name()));
  }
  all_.push_back(std::move(one));
}

std::vector<std::string> custodians::recipient_remarks(std::span<const certificate_step> steps) const {
  std::set<std::string> recipients;
  for (const certificate_step& step : steps) {
    for (const auto& one : all_) {
      if (step.count > 0 && step.custodian == one->name()) {
        for (std::string& recipient : one->recipients_of(step.what)) {
          recipients.insert(std::move(recipient));
        }
      }
    }
  }
  std::vector<std::string> remarks;
  for (const std::string& recipient : recipients) {
    if (remarks.size() == max_recipients_told) {
      remarks.push_back(fmt::format("{} further recipients are on record.", recipients.size() - max_recipients_told));
      break;
    }
    remarks.push_back(fmt::format("To be told, as a recipient (Art. 19): {}.", recipient));
  }
  return remarks;
}

std::optional<certificate_step> custodians::settled(const certificate_step& pending,
                                                    const custody_context& with) const {
  const auto whose = std::ranges::find_if(all_, [&](const auto& one) { return one->name() == pending.custodian; });
  return whose == all_.end() ? std::nullopt : (*whose)->settled(pending, with);
}

std::vector<held> custodians::inventory() const {
  std::vector<held> all;
  std::set<std::pair<store_kind, std::string>> owned;
  for (const auto& one : all_) {
    for (holding& place : one->describe()) {
      if (!says_enough(place)) {
        throw core::error(core::errc::internal,
                          fmt::format("custodian \"{}\" does not say all of \"{}\"", one->name(), place.place));
      }
      if (!owned.emplace(place.kind, place.place).second) {
        throw core::error(
            core::errc::internal,
            fmt::format("custodian \"{}\" says that it owns \"{}\", and so does another", one->name(), place.place));
      }
      all.push_back({std::string(one->name()), std::move(place)});
    }
  }
  return all;
}

}  // namespace eunomia::subject
